-- name: script_create_head
-- The version that a path stands for now.
SELECT hash FROM script WHERE workspace_id = :workspace AND path = :path AND archived = 0 AND deleted = 0;

-- name: script_create_whole_head
-- All of that version, to see whether another one would differ.
SELECT * FROM script WHERE workspace_id = :workspace AND path = :path AND archived = 0 AND deleted = 0;

-- name: script_create_exists
-- Whether a version with this hash was ever created.
SELECT 1 AS found FROM script WHERE workspace_id = :workspace AND hash = :hash;

-- name: script_create_parent
-- The lineage of the version that is to be replaced.
SELECT path, parent_hashes, lock, lock_job FROM script WHERE workspace_id = :workspace AND hash = :hash;

-- name: script_create_child
-- The version that replaced another.
SELECT hash FROM script WHERE workspace_id = :workspace AND parent = :parent LIMIT 1;

-- name: script_create_archive
-- The version that is replaced.
UPDATE script SET archived = 1 WHERE workspace_id = :workspace AND hash = :hash;

-- name: script_create_insert
-- A new version.
INSERT INTO script (
    workspace_id, hash, path, parent, parent_hashes, summary, description, content, created_by, created_at, schema,
    is_template, lock, language, kind, tag, dedicated_worker, priority, timeout, cache_ttl, concurrency_key,
    concurrent_limit, concurrency_time_window_s, auto_kind, has_preprocessor, deployment_message, settings, interpreter,
    lock_job
) VALUES (
    :workspace, :hash, :path, :parent, :parent_hashes, :summary, :description, :content, :created_by, :created_at,
    :schema, :is_template, :lock, :language, :kind, :tag, :dedicated_worker, :priority, :timeout, :cache_ttl,
    :concurrency_key, :concurrent_limit, :concurrency_time_window_s, :auto_kind, :has_preprocessor,
    :deployment_message, :settings, :interpreter, :lock_job
);
