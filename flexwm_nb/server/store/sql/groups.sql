-- name: groups_get
-- One group.
SELECT * FROM team WHERE workspace_id = :workspace AND name = :name;

-- name: groups_page
-- One page of groups, by name.
SELECT * FROM team WHERE workspace_id = :workspace ORDER BY name LIMIT :limit OFFSET :offset;

-- name: groups_insert
-- A new group.
INSERT INTO team (workspace_id, name, summary, members, extra_perms)
VALUES (:workspace, :name, :summary, :members, :extra_perms);

-- name: groups_update
-- Another state of a group; what is NULL stays.
UPDATE team SET summary = coalesce(:summary, summary), members = coalesce(:members, members)
WHERE workspace_id = :workspace AND name = :name;

-- name: groups_delete
-- A group that is gone.
DELETE FROM team WHERE workspace_id = :workspace AND name = :name;
