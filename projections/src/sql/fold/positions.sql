-- How far every projection has read: the slowest shard of the newest generation. No parameters.
select name, min(seq) as seq
from checkpoints c
where generation = (select max(generation) from checkpoints newest where newest.name = c.name)
group by name
