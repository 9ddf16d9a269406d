//// Entries and what they come to.

pub type Entry {
  Income(what: String, amount: Int)
  Expense(what: String, amount: Int)
}

pub type Balance {
  Balance(income: Int, expense: Int, entries: Int)
}

@external(erlang, "ledger_ffi", "words")
fn words(line: String) -> List(String)

@external(erlang, "ledger_ffi", "parse_int")
fn parse_int(text: String) -> Result(Int, Nil)

pub fn parse(line: String) -> Result(Entry, String) {
  case words(line) {
    ["in", amount, what] -> entry(amount, Income(what, _))
    ["out", amount, what] -> entry(amount, Expense(what, _))
    [] -> Error("nothing")
    [word, ..] -> Error("starts with " <> word)
  }
}

fn entry(amount: String, make: fn(Int) -> Entry) -> Result(Entry, String) {
  case parse_int(amount) {
    Ok(n) if n > 0 -> Ok(make(n))
    Ok(_) -> Error("not above zero")
    Error(Nil) -> Error("no number")
  }
}

pub fn sum(entries: List(Entry)) -> Balance {
  add(entries, Balance(0, 0, 0))
}

fn add(entries: List(Entry), so_far: Balance) -> Balance {
  case entries {
    [] -> so_far
    [Income(_, n), ..rest] ->
      add(rest, Balance(..so_far, income: so_far.income + n, entries: so_far.entries + 1))
    [Expense(_, n), ..rest] ->
      add(rest, Balance(..so_far, expense: so_far.expense + n, entries: so_far.entries + 1))
  }
}
