-- Version 1 of the store. Times are microseconds since the epoch in UTC, hashes signed 64-bit integers,
-- booleans 0 or 1, JSON is text.

CREATE TABLE workspace (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,               -- e-mail
    color TEXT,
    deleted INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE environment (             -- variables that all jobs of a workspace have
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (workspace_id, name)
) WITHOUT ROWID;

CREATE TABLE account (                 -- a person on this server
    email TEXT PRIMARY KEY,
    password TEXT,                     -- scrypt; NULL = no login by password
    super_admin INTEGER NOT NULL DEFAULT 0,
    name TEXT,
    company TEXT,
    disabled INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE member (                  -- an account in a workspace
    workspace_id TEXT NOT NULL,
    username TEXT NOT NULL,
    email TEXT NOT NULL,
    is_admin INTEGER NOT NULL DEFAULT 0,
    operator INTEGER NOT NULL DEFAULT 0,
    disabled INTEGER NOT NULL DEFAULT 0,
    role TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, username)
) WITHOUT ROWID;
CREATE UNIQUE INDEX member_email ON member (workspace_id, email);

CREATE TABLE token (
    hash TEXT PRIMARY KEY,             -- SHA-256 of the token; the token itself is stored nowhere
    prefix TEXT NOT NULL,              -- its first 10 characters, to recognise it by
    label TEXT,
    email TEXT NOT NULL,
    expiration INTEGER,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    scopes TEXT,
    workspace_id TEXT,
    read_only INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL                -- JSON
) WITHOUT ROWID;

CREATE TABLE script (
    id INTEGER PRIMARY KEY,            -- order of creation
    workspace_id TEXT NOT NULL,
    hash INTEGER NOT NULL,
    path TEXT NOT NULL,
    parent INTEGER,                    -- hash of the version that this one replaces
    parent_hashes TEXT,                -- JSON list of 16-digit hashes, nearest first
    summary TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    content TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    archived INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    schema TEXT,                       -- JSON
    is_template INTEGER,
    extra_perms TEXT NOT NULL DEFAULT '{}',
    lock TEXT,
    lock_error_logs TEXT,
    lock_job TEXT,                     -- that finds or found the lock; NULL for one that was given
    language TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT 'script',
    tag TEXT,
    dedicated_worker INTEGER,
    priority INTEGER,
    timeout INTEGER,                   -- seconds
    cache_ttl INTEGER,                 -- seconds
    concurrency_key TEXT,
    concurrent_limit INTEGER,
    concurrency_time_window_s INTEGER,
    auto_kind TEXT,
    has_preprocessor INTEGER,
    deployment_message TEXT,
    settings TEXT NOT NULL DEFAULT '{}', -- JSON of the remaining fields of the request, as given
    interpreter TEXT                   -- Python whose packages the script sees
);
CREATE UNIQUE INDEX script_hash ON script (workspace_id, hash);
CREATE INDEX script_parent ON script (workspace_id, parent) WHERE parent IS NOT NULL;
CREATE INDEX script_path ON script (workspace_id, path, id);
CREATE UNIQUE INDEX script_live ON script (workspace_id, path) WHERE archived = 0 AND deleted = 0;

CREATE TABLE temporary_script (        -- sources for previews of what imports them
    workspace_id TEXT NOT NULL,
    hash TEXT NOT NULL,                -- SHA-256 of the workspace and the source
    content TEXT NOT NULL,
    kept_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, hash)
) WITHOUT ROWID;
CREATE INDEX temporary_script_kept ON temporary_script (kept_at);

CREATE TABLE flow (
    workspace_id TEXT NOT NULL,
    path TEXT NOT NULL,
    summary TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    value TEXT NOT NULL,               -- JSON: OpenFlow
    schema TEXT,                       -- JSON
    version_id INTEGER NOT NULL,       -- the newest
    edited_by TEXT NOT NULL,
    edited_at INTEGER NOT NULL,
    archived INTEGER NOT NULL DEFAULT 0,
    extra_perms TEXT NOT NULL DEFAULT '{}',
    tag TEXT,
    timeout INTEGER,                   -- seconds
    dedicated_worker INTEGER,
    settings TEXT NOT NULL DEFAULT '{}', -- JSON of the remaining fields of the request, as given
    PRIMARY KEY (workspace_id, path)
) WITHOUT ROWID;

CREATE TABLE flow_version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id TEXT NOT NULL,
    path TEXT NOT NULL,
    value TEXT NOT NULL,               -- JSON: OpenFlow
    schema TEXT,                       -- JSON
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deployment_message TEXT,
    interpreter TEXT                   -- Python whose packages the steps see
);
CREATE INDEX flow_version_path ON flow_version (workspace_id, path, id);
INSERT INTO sqlite_sequence (name, seq) VALUES ('flow_version', 1000);

CREATE TABLE schedule (
    workspace_id TEXT NOT NULL,
    path TEXT NOT NULL,
    schedule TEXT NOT NULL,            -- cron expression, seconds first
    timezone TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    script_path TEXT NOT NULL,
    is_flow INTEGER NOT NULL,
    args TEXT,                         -- JSON object
    edited_by TEXT NOT NULL,
    edited_at INTEGER NOT NULL,
    email TEXT NOT NULL,
    permissioned_as TEXT NOT NULL,
    extra_perms TEXT NOT NULL DEFAULT '{}',
    error TEXT,                        -- why it was switched off
    summary TEXT,
    description TEXT,
    tag TEXT,
    no_flow_overlap INTEGER NOT NULL DEFAULT 0,
    ws_error_handler_muted INTEGER NOT NULL DEFAULT 0,
    paused_until INTEGER,
    cron_version TEXT NOT NULL DEFAULT 'v2',
    settings TEXT NOT NULL DEFAULT '{}', -- JSON of the remaining fields of the request, as given
    PRIMARY KEY (workspace_id, path)
) WITHOUT ROWID;
CREATE INDEX schedule_target ON schedule (workspace_id, script_path);

CREATE TABLE favorite (
    workspace_id TEXT NOT NULL,
    username TEXT NOT NULL,
    kind TEXT NOT NULL,                -- script, flow
    path TEXT NOT NULL,
    PRIMARY KEY (workspace_id, username, kind, path)
) WITHOUT ROWID;

CREATE TABLE variable (
    workspace_id TEXT NOT NULL,
    path TEXT NOT NULL,
    value TEXT NOT NULL,               -- encrypted when secret
    is_secret INTEGER NOT NULL,
    description TEXT NOT NULL,
    extra_perms TEXT NOT NULL DEFAULT '{}',
    account INTEGER,
    is_oauth INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER,
    labels TEXT,
    ws_specific INTEGER,
    edited_at INTEGER NOT NULL,
    edited_by TEXT NOT NULL,
    PRIMARY KEY (workspace_id, path)
) WITHOUT ROWID;

CREATE TABLE resource (
    workspace_id TEXT NOT NULL,
    path TEXT NOT NULL,
    value TEXT,                        -- JSON
    description TEXT,
    resource_type TEXT NOT NULL,
    extra_perms TEXT NOT NULL DEFAULT '{}',
    labels TEXT,
    ws_specific INTEGER,
    created_by TEXT NOT NULL,
    edited_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, path)
) WITHOUT ROWID;

CREATE TABLE resource_type (
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    schema TEXT,
    description TEXT,
    created_by TEXT NOT NULL,
    edited_at INTEGER NOT NULL,
    format_extension TEXT,
    is_fileset INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, name)
) WITHOUT ROWID;

CREATE TABLE folder (
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    owners TEXT NOT NULL,              -- JSON list
    extra_perms TEXT NOT NULL DEFAULT '{}',
    summary TEXT,
    created_by TEXT NOT NULL,
    edited_at INTEGER NOT NULL,
    default_permissioned_as TEXT NOT NULL DEFAULT '[]',
    labels TEXT,
    PRIMARY KEY (workspace_id, name)
) WITHOUT ROWID;

CREATE TABLE team (                    -- Windmill's groups
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    summary TEXT,
    members TEXT NOT NULL DEFAULT '[]', -- JSON list of user names
    extra_perms TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (workspace_id, name)
) WITHOUT ROWID;

-- A job's row holds what changes and what lists show; what is large stands in job_input, job_result, job_log.
CREATE TABLE job (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,                -- script, preview, identity, noop, dependencies, flow, ...
    status TEXT NOT NULL,              -- queued, running, success, failure, canceled, skipped
    path TEXT,
    hash INTEGER,
    language TEXT,
    tag TEXT NOT NULL,
    priority INTEGER,
    attempt INTEGER NOT NULL DEFAULT 0, -- starts so far; with worker the fencing token of every later write
    worker TEXT,
    created_by TEXT NOT NULL,
    permissioned_as TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    scheduled_for INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER,
    duration_ms INTEGER,
    timeout INTEGER,                   -- seconds
    parent_job TEXT,
    root_job TEXT,
    flow_step_id TEXT,
    is_flow_step INTEGER NOT NULL DEFAULT 0,
    same_worker INTEGER NOT NULL DEFAULT 0,
    visible_to_owner INTEGER NOT NULL DEFAULT 1,
    canceled_by TEXT,
    canceled_reason TEXT,
    suspend INTEGER,                   -- events still missing
    suspend_until INTEGER,
    schedule_path TEXT,
    entrypoint TEXT,
    cache_ttl INTEGER,                 -- seconds
    concurrency_key TEXT,
    labels TEXT,                       -- JSON list
    mem_peak INTEGER,                  -- kB
    progress INTEGER,                  -- percent
    preprocessed INTEGER,
    deleted INTEGER NOT NULL DEFAULT 0,
    interpreter TEXT,
    isolation TEXT,                    -- level at which its process ran
    flow_status TEXT,                  -- JSON
    flow_place TEXT,                   -- JSON: where in the flow above it a loop's or branch's flow stands
    delete_after INTEGER,              -- seconds after the flow's end that its content stays
    clean_at INTEGER                   -- when its content is to go
) WITHOUT ROWID;
CREATE INDEX job_waiting ON job (priority DESC, scheduled_for, id) WHERE status = 'queued';
CREATE INDEX job_unfinished ON job (workspace_id, created_at) WHERE completed_at IS NULL;
CREATE INDEX job_created ON job (workspace_id, created_at);
CREATE INDEX job_completed ON job (workspace_id, completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX job_unsuccessful ON job (workspace_id, completed_at) WHERE status IN ('failure', 'canceled');
CREATE INDEX job_path ON job (workspace_id, path, created_at);
CREATE INDEX job_parent ON job (parent_job) WHERE parent_job IS NOT NULL;
CREATE INDEX job_schedule ON job (workspace_id, schedule_path, status) WHERE schedule_path IS NOT NULL;
CREATE INDEX job_outdated ON job (clean_at) WHERE clean_at IS NOT NULL;
CREATE INDEX job_suspended ON job (suspend_until) WHERE status = 'running' AND suspend > 0;

CREATE TABLE job_input (
    job_id TEXT PRIMARY KEY,
    arguments TEXT,                    -- JSON object
    raw_code TEXT,
    raw_lock TEXT,
    raw_flow TEXT                      -- JSON
) WITHOUT ROWID;

CREATE TABLE job_result (
    job_id TEXT PRIMARY KEY,
    result TEXT NOT NULL,              -- JSON
    columns TEXT                       -- JSON list: the columns of a SQL script's rows
) WITHOUT ROWID;

CREATE TABLE job_log (
    job_id TEXT PRIMARY KEY,
    log TEXT NOT NULL                  -- a longer one is a file beside the store
) WITHOUT ROWID;

CREATE TABLE job_cache (               -- results kept by cache_ttl
    workspace_id TEXT NOT NULL,
    key TEXT NOT NULL,                 -- SHA-256 of source and arguments
    result TEXT NOT NULL,              -- JSON
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, key)
) WITHOUT ROWID;

CREATE TABLE flow_items (              -- what a loop that goes one by one goes over
    job_id TEXT PRIMARY KEY,           -- of the flow
    items TEXT NOT NULL                -- JSON list
) WITHOUT ROWID;

CREATE TABLE approval (                -- wishes that a flow goes on after a step, or not
    job_id TEXT NOT NULL,              -- of the step
    resume_id INTEGER NOT NULL,
    flow_id TEXT NOT NULL,
    value TEXT NOT NULL,               -- JSON
    approver TEXT NOT NULL,
    approved INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (job_id, resume_id)
) WITHOUT ROWID;

CREATE TABLE file (                    -- what jobs and clients hand each other; the content is a file beside the store
    workspace_id TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,                -- of the content
    size INTEGER NOT NULL,             -- bytes
    content_type TEXT,
    content_disposition TEXT,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, key)
) WITHOUT ROWID;
