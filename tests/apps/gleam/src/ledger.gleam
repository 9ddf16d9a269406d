//// A program as `gleam run` would start it: arguments, standard input and output, files, processes, and an end of its own.

import tally.{Balance, Entry, Expense, Income}

pub type Pid

@external(erlang, "ledger_ffi", "arguments")
fn arguments() -> List(String)

@external(erlang, "ledger_ffi", "print")
fn print(line: String) -> Nil

@external(erlang, "ledger_ffi", "read_line")
fn read_line() -> Result(String, Nil)

@external(erlang, "ledger_ffi", "write_file")
fn write_file(path: String, text: String) -> Result(Nil, String)

@external(erlang, "ledger_ffi", "read_file")
fn read_file(path: String) -> Result(String, String)

@external(erlang, "ledger_ffi", "int_text")
fn int_text(n: Int) -> String

@external(erlang, "ledger_ffi", "in_process")
fn in_process(run: fn() -> a) -> Result(a, String)

@external(erlang, "ledger_ffi", "stop")
fn stop(code: Int) -> Nil

pub fn main() {
  case arguments() {
    ["balance"] -> balance([])
    ["panic"] -> panic_now([])
    ["crash"] -> crash()
    ["store", path] -> store(path)
    ["exit"] -> stop(3)
    ["echo", ..words] -> each(words, print)
    other -> {
      print("usage: ledger balance|panic|crash|store PATH|exit|echo WORD...")
      each(other, print)
    }
  }
}

fn each(list: List(a), do: fn(a) -> Nil) -> Nil {
  case list {
    [] -> Nil
    [head, ..rest] -> {
      do(head)
      each(rest, do)
    }
  }
}

fn balance(entries: List(Entry)) -> Nil {
  case read_line() {
    Error(Nil) -> report(tally.sum(entries))
    Ok(line) ->
      case tally.parse(line) {
        Ok(entry) -> balance([entry, ..entries])
        Error(reason) -> {
          print("cannot read " <> line <> ": " <> reason)
          balance(entries)
        }
      }
  }
}

fn report(balance: Balance) -> Nil {
  let Balance(income: income, expense: expense, entries: entries) = balance
  print("entries " <> int_text(entries))
  print("income  " <> int_text(income))
  print("expense " <> int_text(expense))
  print("rest    " <> int_text(income - expense))
}

fn panic_now(entries: List(Entry)) -> Nil {
  let assert [Income(_, _), ..] = entries
  Nil
}

fn crash() -> Nil {
  let first = in_process(fn() { tally.sum([Expense("café", 12), Income("œuvre", 30)]) })
  let second = in_process(fn() { panic_now([Expense("x", 1)]) })
  case first, second {
    Ok(balance), Error(_) -> report(balance)
    _, _ -> print("not what was expected")
  }
}

fn store(path: String) -> Nil {
  let assert Ok(Nil) = write_file(path, "in 7 tea\nout 2 sugar — œuf\n")
  let assert Ok(text) = read_file(path)
  print(text)
  case read_file(path <> ".missing") {
    Ok(_) -> print("there?")
    Error(reason) -> print("no such file: " <> reason)
  }
}
