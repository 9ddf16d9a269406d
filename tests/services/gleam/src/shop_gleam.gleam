//// The Gleam half of the sample: a supervisor of OTP's over three customers and a doorkeeper, which is a bare process
//// that loops in Gleam and calls OTP through @external.

import basket
import customer.{Answer, Message, Pid, Reason}

pub type Reference

pub type Child {
  Child(id: String, start: fn() -> Result(Pid, Reason))
}

pub type Door {
  Enter(String)
  Count(from: Pid, tag: Reference)
  Other
}

@external(erlang, "shop_gleam_ffi", "start_supervisor")
fn start_supervisor(name: String, children: List(Child)) -> Result(Pid, Reason)

@external(erlang, "shop_gleam_ffi", "child")
fn child(supervisor: Pid, id: String) -> Result(Pid, Nil)

@external(erlang, "shop_gleam_ffi", "start_loop")
fn start_loop(name: String, loop: fn() -> Int) -> Result(Pid, Reason)

@external(erlang, "shop_gleam_ffi", "next_door_message")
fn next_door_message() -> Door

@external(erlang, "shop_gleam_ffi", "reply")
fn reply(to: Pid, tag: Reference, value: Int) -> Nil

@external(erlang, "shop_gleam_ffi", "count")
fn count(door: Pid) -> Int

@external(erlang, "shop_gleam_ffi", "enter")
fn enter(door: Pid, name: String) -> Nil

@external(erlang, "shop_gleam_ffi", "wait_for")
fn wait_for(supervisor: Pid) -> Reason

/// Starts the tree; its supervisor is linked to the caller.
pub fn start() -> Result(Pid, Reason) {
  start_supervisor(
    "gleam_shop",
    [
      Child("door", fn() { start_loop("gleam_door", fn() { door(0) }) }),
      Child("ada", fn() { customer.start("gleam_ada") }),
      Child("bob", fn() { customer.start("gleam_bob") }),
      Child("eve", fn() { customer.start("gleam_eve") }),
    ],
  )
}

/// Starts the tree and lives as long as it does: what is spawned to run the sample as a service.
pub fn main() -> Reason {
  let assert Ok(supervisor) = start()
  wait_for(supervisor)
}

/// Starts the tree and uses it once; the same answers each time.
pub fn demo() -> #(List(Answer), Int, String) {
  let assert Ok(supervisor) = start()
  let assert Ok(door) = child(supervisor, "door")
  let assert Ok(ada) = child(supervisor, "ada")
  enter(door, "ada")
  enter(door, "bob")
  let answers = [
    customer.ask(ada, customer.Total),
    customer.ask(ada, customer.Put("apple", 120)),
    customer.ask(ada, customer.Put("pear", 80)),
    customer.ask(ada, customer.Rebate(10)),
    customer.ask(ada, customer.Total),
    customer.ask(ada, customer.Cheapest),
    customer.ask(ada, customer.Names),
  ]
  #(answers, count(door), basket.names(basket.new()))
}

/// Sends a customer, by its id, a message.
pub fn ask(supervisor: Pid, id: String, message: Message) -> Result(Answer, Nil) {
  case child(supervisor, id) {
    Ok(pid) -> Ok(customer.ask(pid, message))
    Error(Nil) -> Error(Nil)
  }
}

fn door(entered: Int) -> Int {
  case next_door_message() {
    Enter(_) -> door(entered + 1)
    Count(from, tag) -> {
      reply(from, tag, entered)
      door(entered)
    }
    Other -> door(entered)
  }
}
