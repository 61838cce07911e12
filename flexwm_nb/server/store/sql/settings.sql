-- name: settings_get
-- One setting.
SELECT value FROM setting WHERE name = :name;

-- name: settings_set
-- Another value.
INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: settings_unset
-- No value.
DELETE FROM setting WHERE name = :name;

-- name: settings_list
-- All settings.
SELECT name, value FROM setting ORDER BY name;
