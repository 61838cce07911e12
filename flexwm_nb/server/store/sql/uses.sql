-- name: uses_schedules
-- How many schedules start a script or flow, and when the one does that has its path.
SELECT count(*) AS number, max(iif(path = :path, schedule, NULL)) AS own FROM schedule
WHERE workspace_id = :workspace AND script_path = :path AND is_flow = :is_flow;

-- name: uses_in_flows
-- The flows that call a script or flow, or one whose path begins so, wherever inside.
SELECT DISTINCT flow.path FROM flow, json_tree(flow.value) AS node
WHERE flow.workspace_id = :workspace AND node.type = 'object' AND node.value ->> '$.type' = :kind
    AND iif(
        :begins, substr(node.value ->> '$.path', 1, length(:path)) = :path, node.value ->> '$.path' = :path
    )
ORDER BY flow.path;

-- name: uses_paths
-- The paths of what somebody may refer to.
SELECT path FROM script WHERE workspace_id = :workspace AND archived = 0 AND deleted = 0
UNION SELECT path FROM flow WHERE workspace_id = :workspace AND archived = 0
UNION SELECT path FROM variable WHERE workspace_id = :workspace
UNION SELECT path FROM resource WHERE workspace_id = :workspace
ORDER BY path
LIMIT :limit;

-- name: uses_sources
-- The sources of scripts and of flows' steps in which a text occurs, or of one path.
SELECT path, 'script' AS kind, '' AS step, language, content FROM script
WHERE workspace_id = :workspace AND archived = 0 AND deleted = 0
    AND (:path IS NULL OR path = :path) AND (:text IS NULL OR instr(content, :text) > 0)
UNION ALL
SELECT flow.path, 'flow', node.value ->> '$.id', node.value ->> '$.value.language', node.value ->> '$.value.content'
FROM flow, json_tree(flow.value) AS node
WHERE flow.workspace_id = :workspace AND flow.archived = 0
    AND (:path IS NULL OR flow.path = :path) AND (:text IS NULL OR instr(flow.value, :text) > 0)
    AND node.type = 'object' AND node.value ->> '$.value.type' = 'rawscript';
