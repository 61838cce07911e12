-- name: tokens_make
-- A new token.
INSERT INTO token (hash, prefix, label, email, expiration, created_at, last_used_at, workspace_id, read_only)
VALUES (:hash, :prefix, :label, :email, :expiration, :now, :now, :workspace, :read_only);

-- name: tokens_list
-- An account's tokens, newest first.
SELECT label, prefix, expiration, created_at, last_used_at, scopes, workspace_id, read_only FROM token
WHERE email = :email AND (:exclude_ephemeral = 0 OR label IS NULL OR label NOT LIKE 'ephemeral%')
ORDER BY created_at DESC, hash
LIMIT :limit OFFSET :offset;

-- name: tokens_delete
-- An account's tokens that begin so.
DELETE FROM token WHERE email = :email AND prefix = :prefix RETURNING prefix;

-- name: tokens_relabel
-- Another label.
UPDATE token SET label = :label WHERE email = :email AND prefix = :prefix RETURNING prefix;

-- name: tokens_accounts
-- Everybody, administrators first.
SELECT email, super_admin, name, company, disabled FROM account
ORDER BY super_admin DESC, email
LIMIT :limit OFFSET :offset;

-- name: tokens_end_session
-- The token of a login that is over.
DELETE FROM token WHERE hash = :hash AND label = 'session';

-- name: tokens_account
-- A person.
SELECT email, password, super_admin, name, company, disabled FROM account WHERE email = :email;

-- name: tokens_set_password
-- Another password.
UPDATE account SET password = :password WHERE email = :email;
