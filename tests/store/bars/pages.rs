//! Pages of bars.

use events::Interval;
use jiff::Timestamp;
use projections::bars::{self, BarPrices, Order, Page, PageQuery, Vintage};
use tokio_postgres::Client;

use super::{bar, day, flat, price, store, stored, symbol};

async fn page(client: &Client, order: Order, after: Option<Timestamp>, as_of: Option<Vintage>) -> Page {
    let name = symbol("A");
    let query = PageQuery {
        symbol: &name,
        interval: Interval::Day,
        order,
        from: Some(day(2)),
        to: Some(day(6)),
        as_of,
        after,
        limit: 3,
    };
    bars::page(client, &query).await.unwrap()
}

#[tokio::test]
async fn pages_follow_each_other_in_both_orders() {
    let mut client = store().await;
    stored(&mut client, (1..=9).map(|number| flat("A", number, number)).collect()).await;
    stored(&mut client, vec![bar("A", 4, BarPrices::OpenClose { open: price(4), close: price(44) })]).await;
    let closes = |page: &Page| -> Vec<_> {
        page.bars.iter().map(|bar| (bar.prices.close().unwrap().units(), bar.vintage.number())).collect()
    };
    let first = page(&client, Order::Newest, None, None).await;
    assert_eq!((closes(&first), first.next), (vec![(5, 1), (44, 2), (3, 1)], Some(day(3))));
    let second = page(&client, Order::Newest, first.next, None).await;
    assert_eq!((closes(&second), second.next), (vec![(2, 1)], None));
    let first = page(&client, Order::Oldest, None, Some(Vintage::new(1))).await;
    assert_eq!((closes(&first), first.next), (vec![(2, 1), (3, 1), (4, 1)], Some(day(4))));
    let second = page(&client, Order::Oldest, first.next, None).await;
    assert_eq!(closes(&second), [(5, 1)]);
}

#[tokio::test]
async fn pages_see_every_bar_once_across_chunks_and_corrections() {
    let mut client = store().await;
    stored(&mut client, (1..=9_000).map(|number| flat("A", number, number)).collect()).await;
    stored(&mut client, (4_000..=4_300).map(|number| flat("A", number, 1)).collect()).await;
    for number in 9_001..=9_005 {
        stored(&mut client, vec![flat("A", number, number), flat("A", 8_999, number)]).await;
    }
    let name = symbol("A");
    for (order, to) in [(Order::Newest, None), (Order::Oldest, None), (Order::Oldest, Some(day(4_200)))] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let (from, as_of, limit) = (Some(day(3)), None, 200);
            let query =
                PageQuery { symbol: &name, interval: Interval::Day, order, from, to, as_of, after, limit };
            let page = bars::page(&client, &query).await.unwrap();
            seen.extend(page.bars.iter().map(|bar| (bar.start, bar.prices.open().units())));
            after = page.next;
            if after.is_none() {
                break;
            }
            assert_eq!(page.bars.len(), 200);
        }
        if order == Order::Newest {
            seen.reverse();
        }
        let last = if to.is_some() { 4_199 } else { 9_005 };
        let expected = (3..=last).map(|number| match number {
            4_000..=4_300 => (day(number), 1),
            8_999 => (day(number), 9_005),
            _ => (day(number), number),
        });
        assert_eq!(seen, expected.collect::<Vec<_>>(), "{order:?} {to:?}");
    }
}
