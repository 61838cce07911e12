-- name: flows_exists
-- Whether a path has a flow, archived or not.
SELECT 1 AS found FROM flow WHERE workspace_id = :workspace AND path = :path;

-- name: flows_get
-- One flow.
SELECT * FROM flow WHERE workspace_id = :workspace AND path = :path;

-- name: flows_version
-- A flow as it was in one version.
SELECT
    flow.workspace_id, flow.path, flow.summary, flow.description, flow.archived, flow.extra_perms, flow.tag,
    flow.timeout, flow.dedicated_worker, flow.settings, flow_version.value, flow_version.schema,
    flow_version.created_by AS edited_by, flow_version.created_at AS edited_at
FROM flow_version JOIN flow ON flow.workspace_id = flow_version.workspace_id AND flow.path = flow_version.path
WHERE flow_version.workspace_id = :workspace AND flow_version.id = :id
    AND (:path IS NULL OR flow_version.path = :path);

-- name: flows_history
-- All versions of a path, newest first.
SELECT id, created_at, deployment_message FROM flow_version
WHERE workspace_id = :workspace AND path = :path
ORDER BY id DESC;

-- name: flows_star
-- Whether somebody has starred a flow.
SELECT 1 AS found FROM favorite
WHERE workspace_id = :workspace AND username = :username AND kind = 'flow' AND path = :path;

-- name: flows_page
-- One page of flows: those in use, or the archived ones.
SELECT
    flow.workspace_id, flow.path, flow.summary, flow.edited_by, flow.edited_at, flow.archived, flow.extra_perms,
    flow.settings,
    iif(:with_description, flow.description, NULL) AS description,
    iif(:with_message, (SELECT deployment_message FROM flow_version WHERE id = flow.version_id), NULL)
        AS deployment_msg,
    favorite.path IS NOT NULL AS starred
FROM flow LEFT JOIN favorite
    ON favorite.workspace_id = flow.workspace_id AND favorite.username = :username AND favorite.kind = 'flow'
    AND favorite.path = flow.path
WHERE flow.workspace_id = :workspace AND flow.archived = :archived
    AND (:path_start IS NULL OR substr(flow.path, 1, length(:path_start)) = :path_start)
    AND (:path_exact IS NULL OR flow.path = :path_exact)
    AND (:edited_by IS NULL OR flow.edited_by = :edited_by)
    AND (:dedicated_worker IS NULL OR coalesce(flow.dedicated_worker, 0) = :dedicated_worker)
    AND (:starred_only = 0 OR favorite.path IS NOT NULL)
    AND (:labels IS NULL OR NOT EXISTS (
        SELECT 1 FROM json_each(:labels) AS wanted
        WHERE wanted.value NOT IN (SELECT value FROM json_each(flow.settings, '$.labels'))
    ))
ORDER BY starred DESC, iif(:descending, -flow.version_id, flow.version_id)
LIMIT :limit OFFSET :offset;

-- name: flows_paths
-- Every path.
SELECT path FROM flow WHERE workspace_id = :workspace ORDER BY path;

-- name: flows_values
-- What the flows in use do.
SELECT path, value FROM flow WHERE workspace_id = :workspace AND archived = 0 ORDER BY path;

-- name: flows_insert_version
-- A new version; its number.
INSERT INTO flow_version (
    workspace_id, path, value, schema, created_by, created_at, deployment_message, interpreter
) VALUES (:workspace, :path, :value, :schema, :edited_by, :now, :deployment_message, :interpreter)
RETURNING id;

-- name: flows_insert
-- A new flow.
INSERT INTO flow (
    workspace_id, path, summary, description, value, schema, version_id, edited_by, edited_at, tag, timeout,
    dedicated_worker, settings
) VALUES (
    :workspace, :path, :summary, :description, :value, :schema, :version_id, :edited_by, :now, :tag, :timeout,
    :dedicated_worker, :settings
);

-- name: flows_update
-- A flow's new state, perhaps at another path; an archived one stays so, as on Windmill.
UPDATE flow SET
    path = :path, summary = :summary, description = :description, value = :value, schema = :schema,
    version_id = :version_id, edited_by = :edited_by, edited_at = :now, tag = :tag, timeout = :timeout,
    dedicated_worker = :dedicated_worker, settings = :settings
WHERE workspace_id = :workspace AND path = :old_path;

-- name: flows_move_versions
-- The versions of a flow that takes another path.
UPDATE flow_version SET path = :new_path WHERE workspace_id = :workspace AND path = :path;

-- name: flows_move_stars
-- The stars of a flow that takes another path.
UPDATE OR REPLACE favorite SET path = :new_path WHERE workspace_id = :workspace AND kind = 'flow' AND path = :path;

-- name: flows_other_schedule
-- A schedule at a path that does not run the flow there.
SELECT 1 AS found FROM schedule
WHERE workspace_id = :workspace AND path = :path AND script_path <> :path;

-- name: flows_set_archived
-- A flow out of use, or in use again.
UPDATE flow SET archived = :archived WHERE workspace_id = :workspace AND path = :path;

-- name: flows_set_message
-- Another deployment message for a version.
UPDATE flow_version SET deployment_message = :message WHERE workspace_id = :workspace AND id = :id;

-- name: flows_delete
-- A flow that is gone.
DELETE FROM flow WHERE workspace_id = :workspace AND path = :path;

-- name: flows_delete_versions
-- Its versions.
DELETE FROM flow_version WHERE workspace_id = :workspace AND path = :path;

-- name: flows_delete_stars
-- Its stars.
DELETE FROM favorite WHERE workspace_id = :workspace AND kind = 'flow' AND path = :path;

-- name: flows_runnable
-- The flow that a path stands for now, to be run; an archived one can be run too, as on Windmill.
SELECT flow.path, flow.value, flow.version_id, flow.tag, flow.timeout, flow_version.interpreter
FROM flow JOIN flow_version ON flow_version.id = flow.version_id
WHERE flow.workspace_id = :workspace AND flow.path = :path;

-- name: flows_runnable_version
-- One version of a flow, to be run.
SELECT flow.path, flow_version.value, flow_version.id AS version_id, flow.tag, flow.timeout, flow_version.interpreter
FROM flow_version JOIN flow ON flow.workspace_id = flow_version.workspace_id AND flow.path = flow_version.path
WHERE flow_version.workspace_id = :workspace AND flow_version.id = :id;
