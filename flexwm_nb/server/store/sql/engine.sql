-- name: engine_set_interpreter
-- The Python of a script that is registered again, unchanged, by another kernel.
UPDATE script SET interpreter = :interpreter
WHERE workspace_id = :workspace AND hash = :hash AND language = 'python3';
