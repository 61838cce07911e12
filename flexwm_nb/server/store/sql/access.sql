-- name: access_token
-- A token with what its account may do.
SELECT token.email, token.expiration, token.workspace_id, token.read_only, account.super_admin
FROM token JOIN account USING (email)
WHERE token.hash = :hash AND account.disabled = 0;

-- name: access_member
-- An account in a workspace.
SELECT username, is_admin, role FROM member
WHERE workspace_id = :workspace AND email = :email AND disabled = 0;

-- name: access_make_workspace
-- The workspace that the server is started with.
INSERT OR IGNORE INTO workspace (id, name, owner, created_at) VALUES (:id, :id, :email, :now);

-- name: access_make_account
-- The administrator.
INSERT OR IGNORE INTO account (email, super_admin, created_at) VALUES (:email, 1, :now);

-- name: access_make_member
-- The administrator in the workspace.
INSERT OR IGNORE INTO member (workspace_id, username, email, is_admin, created_at)
VALUES (:workspace, :username, :email, 1, :now);

-- name: access_make_team
-- Everybody in the workspace.
INSERT OR IGNORE INTO team (workspace_id, name, summary, members)
VALUES (:workspace, 'all', 'The group that always contains all users of this workspace', json_array(:username));

-- name: access_drop_own_tokens
-- The token of the server's previous run.
DELETE FROM token WHERE label = :label AND hash <> :hash;

-- name: access_make_token
-- The token of this run.
INSERT OR IGNORE INTO token (hash, prefix, label, email, created_at, last_used_at)
VALUES (:hash, :prefix, :label, :email, :now, :now);

-- name: access_unfinished
-- Whether any job waits or runs.
SELECT 1 AS found FROM job WHERE completed_at IS NULL LIMIT 1;
