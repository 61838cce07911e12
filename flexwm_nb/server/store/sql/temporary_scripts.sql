-- name: temporary_script_keep
-- A source, which stays anew when it is there already.
INSERT INTO temporary_script (workspace_id, hash, content, kept_at) VALUES (:workspace, :hash, :content, :now)
ON CONFLICT (workspace_id, hash) DO UPDATE SET kept_at = excluded.kept_at;

-- name: temporary_script_forget
-- Drop what was not sent for long.
DELETE FROM temporary_script WHERE kept_at < :before;

-- name: temporary_script_source
-- A source by its hash.
SELECT content FROM temporary_script WHERE workspace_id = :workspace AND hash = :hash;

-- name: temporary_script_deployed
-- The sources that stand at some paths now.
SELECT path, content FROM script
WHERE workspace_id = :workspace AND archived = 0 AND deleted = 0 AND path IN (SELECT value FROM json_each(:paths));
