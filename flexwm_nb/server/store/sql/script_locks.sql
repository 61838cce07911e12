-- name: script_lock_set
-- The lock that was found for a script.
UPDATE script SET lock = :lock, lock_error_logs = NULL WHERE workspace_id = :workspace AND hash = :hash;

-- name: script_lock_fail
-- Why no lock was found for a script that has none.
UPDATE script SET lock_error_logs = :logs WHERE workspace_id = :workspace AND hash = :hash AND lock IS NULL;

-- name: script_lock_job
-- The job that finds a script's lock.
UPDATE script SET lock_job = :job WHERE workspace_id = :workspace AND hash = :hash;

-- name: script_lock_script
-- What a script's lock depends on.
SELECT path, language, content, lock, lock_job, interpreter FROM script
WHERE workspace_id = :workspace AND hash = :hash AND deleted = 0;
