-- The newest generation that has filled the tables. $1 name
select max(generation)
from checkpoints
where name = $1
