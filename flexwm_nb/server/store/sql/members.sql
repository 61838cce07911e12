-- name: members_get
-- One member with what its account says.
SELECT member.*, account.super_admin, account.name
FROM member JOIN account USING (email)
WHERE member.workspace_id = :workspace AND member.username = :username;

-- name: members_list
-- All members.
SELECT * FROM member WHERE workspace_id = :workspace ORDER BY username;
