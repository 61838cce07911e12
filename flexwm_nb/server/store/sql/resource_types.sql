-- name: resource_types_own
-- A workspace's own type.
SELECT 1 AS found FROM resource_type WHERE workspace_id = :workspace AND name = :name;

-- name: resource_types_insert
-- A new type.
INSERT INTO resource_type (
    workspace_id, name, schema, description, created_by, edited_at, format_extension, is_fileset
) VALUES (:workspace, :name, :schema, :description, :username, :now, :format_extension, :is_fileset);

-- name: resource_types_get
-- A type of the workspace, else everybody's.
SELECT * FROM resource_type WHERE workspace_id IN (:workspace, 'admins') AND name = :name
ORDER BY workspace_id = :workspace DESC
LIMIT 1;

-- name: resource_types_list
-- The workspace's types and everybody's.
SELECT * FROM resource_type WHERE workspace_id IN (:workspace, 'admins') ORDER BY name;

-- name: resource_types_update
-- Another state of a type; what is NULL stays.
UPDATE resource_type SET
    schema = coalesce(:schema, schema), description = coalesce(:description, description),
    is_fileset = coalesce(:is_fileset, is_fileset), edited_at = :now
WHERE workspace_id = :workspace AND name = :name;

-- name: resource_types_delete
-- A type that is gone.
DELETE FROM resource_type WHERE workspace_id = :workspace AND name = :name;
