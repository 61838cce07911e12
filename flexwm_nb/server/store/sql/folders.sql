-- name: folders_get
-- One folder.
SELECT * FROM folder WHERE workspace_id = :workspace AND name = :name;

-- name: folders_page
-- One page of folders, by name.
SELECT * FROM folder WHERE workspace_id = :workspace ORDER BY name LIMIT :limit OFFSET :offset;

-- name: folders_insert
-- A new folder.
INSERT INTO folder (
    workspace_id, name, display_name, owners, extra_perms, summary, created_by, edited_at, default_permissioned_as,
    labels
) VALUES (
    :workspace, :name, :display_name, :owners, :extra_perms, :summary, :username, :now, :default_permissioned_as,
    :labels
);

-- name: folders_update
-- Another state of a folder; what is NULL stays.
UPDATE folder SET
    display_name = coalesce(:display_name, display_name), owners = coalesce(:owners, owners),
    extra_perms = coalesce(:extra_perms, extra_perms), summary = coalesce(:summary, summary),
    default_permissioned_as = coalesce(:default_permissioned_as, default_permissioned_as),
    labels = coalesce(:labels, labels), edited_at = :now
WHERE workspace_id = :workspace AND name = :name;

-- name: folders_delete
-- A folder that is gone.
DELETE FROM folder WHERE workspace_id = :workspace AND name = :name;

-- name: folders_usage
-- How much stands below a path.
SELECT
    (
        SELECT count(*) FROM script
        WHERE workspace_id = :workspace AND archived = 0 AND deleted = 0 AND substr(path, 1, length(:start)) = :start
    ) AS scripts,
    (
        SELECT count(*) FROM resource WHERE workspace_id = :workspace AND substr(path, 1, length(:start)) = :start
    ) AS resources,
    (
        SELECT count(*) FROM flow
        WHERE workspace_id = :workspace AND archived = 0 AND substr(path, 1, length(:start)) = :start
    ) AS flows,
    (
        SELECT count(*) FROM schedule WHERE workspace_id = :workspace AND substr(path, 1, length(:start)) = :start
    ) AS schedules,
    (
        SELECT count(*) FROM variable WHERE workspace_id = :workspace AND substr(path, 1, length(:start)) = :start
    ) AS variables;
