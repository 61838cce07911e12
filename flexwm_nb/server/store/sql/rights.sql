-- name: rights_teams
-- The groups and who is in them.
SELECT name, members FROM team WHERE workspace_id = :workspace ORDER BY name;

-- name: rights_folders
-- The folders and who may use them.
SELECT name, owners, extra_perms FROM folder WHERE workspace_id = :workspace ORDER BY name;
