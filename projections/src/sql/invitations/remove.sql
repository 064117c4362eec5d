-- An invitation was taken back. $1 normalised address
delete from invitations
where email_normalised = $1
