-- name: script_reads_newest
-- The newest version at a path, whatever became of it.
SELECT * FROM script WHERE workspace_id = :workspace AND path = :path ORDER BY id DESC LIMIT 1;

-- name: script_reads_version
-- One version.
SELECT * FROM script WHERE workspace_id = :workspace AND hash = :hash;

-- name: script_reads_source
-- The source that a path stands for now.
SELECT content FROM script WHERE workspace_id = :workspace AND path = :path AND archived = 0 AND deleted = 0;

-- name: script_reads_star
-- Whether somebody has starred a script.
SELECT 1 AS found FROM favorite
WHERE workspace_id = :workspace AND username = :username AND kind = 'script' AND path = :path;

-- name: script_reads_history
-- All versions of a path, newest first.
SELECT hash, created_at, deployment_message FROM script
WHERE workspace_id = :workspace AND path = :path
ORDER BY id DESC;

-- name: script_reads_set_message
-- Another deployment message for a version.
UPDATE script SET deployment_message = :message WHERE workspace_id = :workspace AND path = :path AND hash = :hash;
