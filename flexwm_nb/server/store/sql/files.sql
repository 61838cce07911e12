-- name: files_find
-- One file.
SELECT * FROM file WHERE workspace_id = :workspace AND key = :key;

-- name: files_put
-- A file, in place of the one with that key.
INSERT OR REPLACE INTO file (
    workspace_id, key, name, size, content_type, content_disposition, created_by, created_at, used_at
) VALUES (:workspace, :key, :name, :size, :content_type, :content_disposition, :created_by, :now, :now);

-- name: files_used
-- A file has been read.
UPDATE file SET used_at = :now WHERE workspace_id = :workspace AND key = :key;

-- name: files_delete
-- A file is wanted no more.
DELETE FROM file WHERE workspace_id = :workspace AND key = :key;

-- name: files_size
-- What all files take.
SELECT coalesce(sum(size), 0) AS size FROM file;

-- name: files_names
-- The contents that belong to a file.
SELECT name FROM file;

-- name: files_passing
-- Files that nobody named and nobody has used lately, those unused for longest first. One that an unfinished job is
-- given is not among them.
SELECT workspace_id, key, name, size FROM file
WHERE key >= :prefix AND key < :prefix_end AND used_at < :used_before
    AND NOT EXISTS (
        SELECT 1 FROM job JOIN job_input ON job_input.job_id = job.id
        WHERE job.workspace_id = file.workspace_id AND job.completed_at IS NULL
            AND instr(job_input.arguments, json_quote(file.key))
    )
ORDER BY used_at;

-- name: files_list
-- A page of files in the order of their keys.
SELECT key, size, created_at FROM file
WHERE workspace_id = :workspace AND key > :marker AND key >= :prefix AND key < :prefix_end
ORDER BY key LIMIT :limit;
