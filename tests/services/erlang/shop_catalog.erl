%% SPDX-License-Identifier: Apache-2.0
%% What things cost, in an ETS table that everybody reads.
-module(shop_catalog).
-behaviour(gen_server).
-export([start_link/0, price/1, init/1, handle_call/3, handle_cast/2]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

price(Item) ->
    case ets:lookup(shop_prices, Item) of
        [{_, Cents}] -> {ok, Cents};
        [] -> unknown
    end.

init([]) ->
    Table = ets:new(shop_prices, [named_table, {read_concurrency, true}]),
    ets:insert(Table, [{apple, 120}, {pear, 80}, {plum, 35}, {<<"cake">>, 1250}]),
    {ok, Table}.

handle_call({set, Item, Cents}, _From, Table) -> {reply, ets:insert(Table, {Item, Cents}), Table}.

handle_cast(crash, Table) ->
    ets:update_counter(Table, no_such_item, 1),
    {noreply, Table}.
