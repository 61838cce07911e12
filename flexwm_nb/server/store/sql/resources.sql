-- name: resources_insert
-- A new resource, or another state of one.
INSERT INTO resource (
    workspace_id, path, value, description, resource_type, labels, ws_specific, created_by, edited_at
) VALUES (
    :workspace, :path, :value, :description, :resource_type, :labels, :ws_specific, :username, :now
) ON CONFLICT (workspace_id, path) DO UPDATE SET
    value = excluded.value, description = excluded.description, resource_type = excluded.resource_type,
    labels = coalesce(excluded.labels, labels), edited_at = excluded.edited_at;

-- name: resources_get
-- One resource, and whether a variable belongs to it.
SELECT resource.*, variable.path IS NOT NULL AS is_linked
FROM resource LEFT JOIN variable USING (workspace_id, path)
WHERE resource.workspace_id = :workspace AND resource.path = :path;

-- name: resources_job
-- A job that waits or runs.
SELECT * FROM job WHERE id = :id AND workspace_id = :workspace AND completed_at IS NULL;

-- name: resources_page
-- One page of resources, by path downwards.
SELECT resource.*, variable.path IS NOT NULL AS is_linked
FROM resource LEFT JOIN variable USING (workspace_id, path)
WHERE resource.workspace_id = :workspace
    AND (:types IS NULL OR resource.resource_type IN (SELECT value FROM json_each(:types)))
    AND resource.resource_type NOT IN (SELECT value FROM json_each(:excluded))
    AND (:path_start IS NULL OR substr(resource.path, 1, length(:path_start)) = :path_start)
    AND (:path IS NULL OR resource.path = :path)
    AND (:description IS NULL OR instr(lower(resource.description), lower(:description)) > 0)
    AND (:wanted_value IS NULL OR json_contains(resource.value, :wanted_value))
    AND (
        :broad_filter IS NULL OR instr(lower(resource.path), lower(:broad_filter)) > 0
        OR instr(lower(coalesce(resource.description, '')), lower(:broad_filter)) > 0
        OR instr(lower(coalesce(resource.value, '')), lower(:broad_filter)) > 0
        OR instr(lower(resource.resource_type), lower(:broad_filter)) > 0
    )
    AND (:labels IS NULL OR NOT EXISTS (
        SELECT 1 FROM json_each(:labels) AS wanted
        WHERE wanted.value NOT IN (SELECT value FROM json_each(coalesce(resource.labels, '[]')))
    ))
ORDER BY resource.path DESC
LIMIT :limit OFFSET :offset;

-- name: resources_values
-- All resources with their values.
SELECT path, value FROM resource WHERE workspace_id = :workspace ORDER BY path;

-- name: resources_names
-- The resources of a type that name themselves.
SELECT path, value -> '$.name' AS name FROM resource
WHERE workspace_id = :workspace AND resource_type = :type AND json_type(value, '$.name') IS NOT NULL
ORDER BY path;

-- name: resources_update
-- Another state of a resource; what is NULL stays.
UPDATE resource SET
    path = :new_path, value = iif(:has_value, :value, value), description = coalesce(:description, description),
    resource_type = coalesce(:resource_type, resource_type), labels = coalesce(:labels, labels),
    ws_specific = coalesce(:ws_specific, ws_specific), edited_at = :now
WHERE workspace_id = :workspace AND path = :path;

-- name: resources_set_value
-- Another value.
UPDATE resource SET value = :value, edited_at = :now WHERE workspace_id = :workspace AND path = :path;

-- name: resources_delete
-- A resource that is gone.
DELETE FROM resource WHERE workspace_id = :workspace AND path = :path RETURNING value;
