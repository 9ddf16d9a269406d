//// A customer: a process that holds a basket. It is a gen_server of OTP's whose callbacks are Gleam functions.

import basket.{Basket, Item}

pub type Pid

pub type Reason

pub type Message {
  Put(name: String, cents: Int)
  Rebate(percent: Int)
  Total
  Names
  /// Fails by `let assert` when nothing has been put.
  Cheapest
  /// Fails by `panic`.
  Faint
  /// Fails by `todo`.
  Dream
  /// Ends the process in good order.
  Leave
}

pub type Answer {
  Done
  Cents(Int)
  Text(String)
  Refused(basket.BasketError)
}

pub type Next {
  Reply(Answer, Basket)
  Stop(Answer)
}

@external(erlang, "shop_gleam_ffi", "start_server")
fn start_server(name: String, state: Basket, handle: fn(Message, Basket) -> Next) -> Result(Pid, Reason)

@external(erlang, "shop_gleam_ffi", "call")
fn call(pid: Pid, message: Message) -> Answer

pub fn start(name: String) -> Result(Pid, Reason) {
  start_server(name, basket.new(), handle)
}

pub fn ask(pid: Pid, message: Message) -> Answer {
  call(pid, message)
}

fn handle(message: Message, state: Basket) -> Next {
  case message {
    Put(name, cents) ->
      case basket.add(state, Item(name, cents)) {
        Ok(state) -> Reply(Done, state)
        Error(error) -> Reply(Refused(error), state)
      }
    Rebate(percent) -> Reply(Done, basket.discount(state, percent))
    Total ->
      case basket.total(state) {
        Ok(cents) -> Reply(Cents(cents), state)
        Error(error) -> Reply(Refused(error), state)
      }
    Names -> Reply(Text(basket.names(state)), state)
    Cheapest -> Reply(Text(basket.cheapest(state).name), state)
    Faint -> faint(state)
    Dream -> todo as "dreams are not for sale"
    Leave -> Stop(Done)
  }
}

fn faint(_state: Basket) -> Next {
  panic as "the customer fainted"
}
