-- A password hash that is not in force. $1 credential
delete from credentials
where credential_id = $1
