-- name: script_removal_archive_path
-- A path out of use.
UPDATE script SET archived = 1 WHERE workspace_id = :workspace AND path = :path;

-- name: script_removal_archive_hash
-- One version out of use.
UPDATE script SET archived = 1 WHERE workspace_id = :workspace AND hash = :hash RETURNING *;

-- name: script_removal_delete_hash
-- One version emptied.
UPDATE script SET content = '', archived = 1, deleted = 1, lock = '', schema = NULL
WHERE workspace_id = :workspace AND hash = :hash
RETURNING *;

-- name: script_removal_delete_path
-- All versions of a path.
DELETE FROM script WHERE workspace_id = :workspace AND path = :path;

-- name: script_removal_unstar
-- The stars of a script that is gone.
DELETE FROM favorite WHERE workspace_id = :workspace AND kind = 'script' AND path = :path;
