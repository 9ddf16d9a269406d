//// What a customer holds: plain data and functions on it, no processes.

pub type Item {
  Item(name: String, cents: Int)
}

pub type Basket {
  Basket(items: List(Item), discount: Discount)
}

pub type Discount {
  NoDiscount
  Percent(Int)
}

pub type BasketError {
  Empty
  TooMany(limit: Int)
}

pub fn new() -> Basket {
  Basket(items: [], discount: NoDiscount)
}

pub fn add(basket: Basket, item: Item) -> Result(Basket, BasketError) {
  case length(basket.items, 0) {
    n if n >= 100 -> Error(TooMany(limit: 100))
    _ -> Ok(Basket(..basket, items: [item, ..basket.items]))
  }
}

pub fn discount(basket: Basket, percent: Int) -> Basket {
  Basket(..basket, discount: Percent(percent))
}

pub fn total(basket: Basket) -> Result(Int, BasketError) {
  case basket {
    Basket(items: [], ..) -> Error(Empty)
    Basket(items: items, discount: discount) -> {
      let sum = fold(items, 0, fn(sum, item: Item) { sum + item.cents })
      case discount {
        NoDiscount -> Ok(sum)
        Percent(p) -> Ok(sum - sum * p / 100)
      }
    }
  }
}

/// The cheapest of what is in the basket, which must not be empty.
pub fn cheapest(basket: Basket) -> Item {
  let assert [first, ..rest] = basket.items
  fold(
    rest,
    first,
    fn(best: Item, item: Item) {
      case item.cents < best.cents {
        True -> item
        False -> best
      }
    },
  )
}

pub fn names(basket: Basket) -> String {
  case basket.items {
    [] -> "nothing"
    [first, ..rest] ->
      fold(rest, first.name, fn(text, item: Item) { item.name <> ", " <> text })
  }
}

fn length(list: List(a), sum: Int) -> Int {
  case list {
    [] -> sum
    [_, ..rest] -> length(rest, sum + 1)
  }
}

pub fn fold(list: List(a), initial: b, with f: fn(b, a) -> b) -> b {
  case list {
    [] -> initial
    [first, ..rest] -> fold(rest, f(initial, first), f)
  }
}
