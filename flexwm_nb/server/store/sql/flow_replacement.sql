-- name: flow_replacement_value
-- Another definition for a flow that waits for events.
UPDATE job_input SET raw_flow = :raw_flow WHERE job_id = :id;

-- name: flow_replacement_status
-- Its status with the new modules.
UPDATE job SET flow_status = :flow_status WHERE id = :id;
