-- name: favorites_star
-- A star.
INSERT OR IGNORE INTO favorite (workspace_id, username, kind, path) VALUES (:workspace, :username, :kind, :path);

-- name: favorites_unstar
-- A star taken away.
DELETE FROM favorite
WHERE workspace_id = :workspace AND username = :username AND kind = :kind AND path = :path;
