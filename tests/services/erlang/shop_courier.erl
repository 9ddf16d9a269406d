%% SPDX-License-Identifier: Apache-2.0
%% Carries one order to its customer, which takes a while, and tells the order.
-module(shop_courier).
-behaviour(gen_server).
-export([start_link/2, init/1, handle_call/3, handle_cast/2, handle_info/2]).

start_link(Id, Order) -> gen_server:start_link(?MODULE, {Id, Order}, []).

init({Id, Order}) ->
    erlang:send_after(5, self(), arrived),
    {ok, {Id, Order}}.

handle_call(where, _From, State) -> {reply, on_the_road, State}.

handle_cast(crash, {Id, _}) -> exit({accident, Id}).

handle_info(arrived, {Id, Order} = State) ->
    Order ! {delivered, Id},
    {stop, normal, State};
handle_info(_, State) -> {noreply, State}.
