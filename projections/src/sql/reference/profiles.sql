-- $1 symbols, $2 newest vintage to count.
select distinct on (p.symbol) p.symbol, p.vintage, p.company_name, p.sector, p.industry, p.is_etf, p.is_fund, p.beta,
       p.dividend_yield, p.market_cap, p.listing_date, p.details, i.imported_at
from company_profiles p
join imports i using (vintage)
where p.symbol = any ($1)
  and p.vintage <= $2
order by p.symbol, p.vintage desc
