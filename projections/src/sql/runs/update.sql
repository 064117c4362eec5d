-- What a page of events changes; null leaves a column as it is. $1 run, $2 version, $3 status, $4 started, $5 bars done,
-- $6 records, $7 cash, $8 value, $9 figures, $10 reason, $11 ended position, $12 ended, $13 whether deleted
update runs
set version = $2, status = coalesce($3, status), started_at = coalesce(started_at, $4), bars_done = coalesce($5, bars_done),
    records = coalesce($6, records), cash = coalesce($7, cash), value = coalesce($8, value),
    figures = coalesce($9, figures), reason = coalesce($10, reason), ended_seq = coalesce($11, ended_seq),
    ended_at = coalesce($12, ended_at), deleted = deleted or $13
where run_id = $1
