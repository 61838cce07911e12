-- name: script_lists_page
-- One page of scripts: those in use, or paths whose newest version is archived.
SELECT
    script.hash, script.path, script.summary, script.created_at, script.archived, script.extra_perms, script.language,
    script.tag, script.lock_error_logs, script.auto_kind, script.kind, script.settings,
    iif(:with_description, script.description, NULL) AS description,
    iif(:with_message, script.deployment_message, NULL) AS deployment_msg,
    favorite.path IS NOT NULL AS starred
FROM script LEFT JOIN favorite
    ON favorite.workspace_id = script.workspace_id AND favorite.username = :username AND favorite.kind = 'script'
    AND favorite.path = script.path
WHERE script.workspace_id = :workspace AND script.archived = :archived AND script.deleted = 0
    AND (:archived = 0 OR script.id = (
        SELECT max(newest.id) FROM script AS newest
        WHERE newest.workspace_id = script.workspace_id AND newest.path = script.path
    ))
    AND (:path_start IS NULL OR substr(script.path, 1, length(:path_start)) = :path_start)
    AND (:path_exact IS NULL OR script.path = :path_exact)
    AND (:created_by IS NULL OR script.created_by = :created_by)
    AND (:is_template IS NULL OR coalesce(script.is_template, 0) = :is_template)
    AND (:dedicated_worker IS NULL OR coalesce(script.dedicated_worker, 0) = :dedicated_worker)
    AND (:with_libraries OR script.auto_kind IS NULL OR script.auto_kind <> 'lib')
    AND (:starred_only = 0 OR favorite.path IS NOT NULL)
    AND (:kinds IS NULL OR script.kind IN (SELECT value FROM json_each(:kinds)))
    AND (:languages IS NULL OR script.language IN (SELECT value FROM json_each(:languages)))
    AND (:last_parent_hash IS NULL OR json_extract(script.parent_hashes, '$[0]') = :last_parent_hash)
    AND (:first_parent_hash IS NULL OR json_extract(script.parent_hashes, '$[#-1]') = :first_parent_hash)
    AND (:parent_hash IS NULL OR :parent_hash IN (SELECT value FROM json_each(script.parent_hashes)))
    AND (:labels IS NULL OR NOT EXISTS (
        SELECT 1 FROM json_each(:labels) AS wanted
        WHERE wanted.value NOT IN (SELECT value FROM json_each(script.settings, '$.labels'))
    ))
ORDER BY starred DESC, iif(:descending, -script.id, script.id)
LIMIT :limit OFFSET :offset;

-- name: script_lists_paths
-- Every path.
SELECT DISTINCT path FROM script WHERE workspace_id = :workspace ORDER BY path;

-- name: script_lists_search
-- The sources in use.
SELECT path, content FROM script WHERE workspace_id = :workspace AND archived = 0 AND deleted = 0 ORDER BY path;
