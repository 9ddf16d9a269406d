%% SPDX-License-Identifier: Apache-2.0
%% The till: closed, open, counting. Payments that come while it is closed wait until it opens.
-module(shop_till).
-behaviour(gen_statem).
-export([start_link/0, open/0, close/0, pay/1, look/0, init/1, callback_mode/0, closed/3, open/3, counting/3]).

start_link() -> gen_statem:start_link({local, ?MODULE}, ?MODULE, [], []).
open() -> gen_statem:call(?MODULE, open).
close() -> gen_statem:call(?MODULE, close).
pay(Cents) -> gen_statem:call(?MODULE, {pay, Cents}).
look() -> gen_statem:call(?MODULE, look).

callback_mode() -> [state_functions, state_enter].

init([]) -> {ok, closed, 0}.

closed(enter, _Old, _Money) -> keep_state_and_data;
closed({call, From}, open, Money) -> {next_state, open, Money, [{reply, From, ok}]};
closed({call, From}, close, _Money) -> {keep_state_and_data, [{reply, From, ok}]};
closed({call, _From}, {pay, _}, _Money) -> {keep_state_and_data, [postpone]};
closed(Type, Event, Money) -> common(Type, Event, closed, Money).

open(enter, _Old, _Money) -> keep_state_and_data;
open({call, From}, open, _Money) -> {keep_state_and_data, [{reply, From, ok}]};
open({call, From}, {pay, Cents}, Money) -> {keep_state, Money + Cents, [{reply, From, ok}]};
open({call, From}, close, Money) -> {next_state, counting, Money, [{reply, From, ok}]};
open(Type, Event, Money) -> common(Type, Event, open, Money).

counting(enter, open, _Money) -> {keep_state_and_data, [{state_timeout, 10, counted}]};
counting(state_timeout, counted, Money) -> {next_state, closed, Money};
counting({call, _From}, {pay, _}, _Money) -> {keep_state_and_data, [postpone]};
counting({call, _From}, open, _Money) -> {keep_state_and_data, [postpone]};
counting(Type, Event, Money) -> common(Type, Event, counting, Money).

common({call, From}, look, State, Money) -> {keep_state_and_data, [{reply, From, {State, Money}}]};
common({call, From}, _, _, _) -> {keep_state_and_data, [{reply, From, {error, not_now}}]};
common(cast, crash, State, Money) -> error({till, State, Money});
common(_, _, _, _) -> keep_state_and_data.
