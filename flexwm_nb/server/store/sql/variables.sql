-- name: variables_exists
-- Whether there is one at the path.
SELECT 1 AS found FROM variable WHERE workspace_id = :workspace AND path = :path;

-- name: variables_insert
-- A new variable.
INSERT INTO variable (
    workspace_id, path, value, is_secret, description, account, is_oauth, expires_at, labels, ws_specific, edited_at,
    edited_by
) VALUES (
    :workspace, :path, :value, :is_secret, :description, :account, :is_oauth, :expires_at, :labels, :ws_specific, :now,
    :username
);

-- name: variables_get
-- One variable, and whether a resource belongs to it.
SELECT variable.*, resource.path IS NOT NULL AS is_linked
FROM variable LEFT JOIN resource USING (workspace_id, path)
WHERE variable.workspace_id = :workspace AND variable.path = :path;

-- name: variables_page
-- One page of variables, by path.
SELECT variable.*, resource.path IS NOT NULL AS is_linked
FROM variable LEFT JOIN resource USING (workspace_id, path)
WHERE variable.workspace_id = :workspace
    AND substr(variable.path, 1, length(:hidden)) <> :hidden
    AND (:path_start IS NULL OR substr(variable.path, 1, length(:path_start)) = :path_start)
    AND (:path IS NULL OR variable.path = :path)
    AND (:description IS NULL OR instr(lower(variable.description), lower(:description)) > 0)
    AND (:value IS NULL OR (is_secret = 0 AND instr(lower(variable.value), lower(:value)) > 0))
    AND (
        :broad_filter IS NULL OR instr(lower(variable.path), lower(:broad_filter)) > 0
        OR instr(lower(variable.description), lower(:broad_filter)) > 0
        OR (is_secret = 0 AND instr(lower(variable.value), lower(:broad_filter)) > 0)
    )
    AND (:labels IS NULL OR NOT EXISTS (
        SELECT 1 FROM json_each(:labels) AS wanted
        WHERE wanted.value NOT IN (SELECT value FROM json_each(coalesce(variable.labels, '[]')))
    ))
ORDER BY variable.path
LIMIT :limit OFFSET :offset;

-- name: variables_update
-- Another state of a variable; what is NULL stays.
UPDATE variable SET
    path = :new_path, value = coalesce(:value, value), is_secret = coalesce(:is_secret, is_secret),
    description = coalesce(:description, description), account = coalesce(:account, account),
    labels = coalesce(:labels, labels), ws_specific = coalesce(:ws_specific, ws_specific), edited_at = :now,
    edited_by = :username
WHERE workspace_id = :workspace AND path = :path;

-- name: variables_delete
-- A variable that is gone.
DELETE FROM variable WHERE workspace_id = :workspace AND path = :path;

-- name: variables_delete_resource
-- The resource that belonged to it.
DELETE FROM resource WHERE workspace_id = :workspace AND path = :path;
