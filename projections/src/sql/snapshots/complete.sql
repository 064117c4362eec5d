-- All snapshots follow from these inputs. $1 portfolio, $2 its version, $3 vintage, $4 version of the method, $5 last
-- session, $6 position, $7 when
insert into valuations (portfolio_id, portfolio_version, vintage, method_version, through, completed_seq, completed_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (portfolio_id) do update
set portfolio_version = $2, vintage = $3, method_version = $4, through = $5, completed_seq = $6, completed_at = $7
