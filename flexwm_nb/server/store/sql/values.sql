-- name: values_variable
-- A variable's value as it is stored.
SELECT value, is_secret FROM variable WHERE workspace_id = :workspace AND path = :path;

-- name: values_resource
-- A resource's value as it is stored.
SELECT value FROM resource WHERE workspace_id = :workspace AND path = :path;
