%% SPDX-License-Identifier: Apache-2.0
%% One order: placed, paid, on its way; ends when it is delivered. Linked to the courier that carries it.
-module(shop_order).
-behaviour(gen_statem).
-export([start_link/1, pay/1, deliver/1, state/1, courier/1, init/1, callback_mode/0, handle_event/4]).

start_link(Order) -> gen_statem:start_link(?MODULE, Order, []).
pay(Pid) -> gen_statem:call(Pid, pay).
deliver(Pid) -> gen_statem:call(Pid, deliver).
state(Pid) -> gen_statem:call(Pid, state).
courier(Pid) -> gen_statem:call(Pid, courier).

callback_mode() -> handle_event_function.

init({Id, Item, Count, Cents}) -> {ok, placed, #{id => Id, item => Item, count => Count, cents => Cents}}.

handle_event({call, From}, pay, placed, #{cents := Cents} = Data) ->
    ok = shop_till:pay(Cents),
    {next_state, paid, Data, [{reply, From, ok}]};
handle_event({call, From}, deliver, paid, #{id := Id} = Data) ->
    {ok, Courier} = supervisor:start_child(shop_courier_sup, [Id, self()]),
    link(Courier),
    {next_state, on_its_way, Data#{courier => Courier}, [{reply, From, ok}]};
handle_event({call, From}, state, State, _Data) -> {keep_state_and_data, [{reply, From, State}]};
handle_event({call, From}, courier, _State, Data) -> {keep_state_and_data, [{reply, From, maps:get(courier, Data, none)}]};
handle_event({call, From}, Event, State, _Data) -> {keep_state_and_data, [{reply, From, {error, {Event, State}}}]};
handle_event(info, {delivered, Id}, on_its_way, #{id := Id, courier := Courier}) ->
    unlink(Courier),
    {stop, normal};
handle_event(_, _, _, _) -> keep_state_and_data.
