%% SPDX-License-Identifier: Apache-2.0
-module(shop_sup).
-behaviour(supervisor).
-export([start_link/0, start_link/1, init/1]).

start_link() -> supervisor:start_link({local, shop_sup}, ?MODULE, top).
start_link(Name) -> supervisor:start_link({local, Name}, ?MODULE, Name).

init(top) ->
    {ok, {#{strategy => one_for_one, intensity => 10, period => 5},
          [branch(shop_stock_sup), worker(shop_till), branch(shop_order_sup), branch(shop_courier_sup), worker(shop_desk)]}};
init(shop_stock_sup) ->
    {ok, {#{strategy => rest_for_one, intensity => 10, period => 5}, [worker(shop_catalog), worker(shop_stock)]}};
init(shop_order_sup) ->
    {ok, {#{strategy => simple_one_for_one}, [(worker(shop_order))#{restart => temporary}]}};
init(shop_courier_sup) ->
    {ok, {#{strategy => simple_one_for_one, intensity => 10, period => 5}, [(worker(shop_courier))#{restart => transient}]}}.

branch(Name) -> #{id => Name, start => {?MODULE, start_link, [Name]}, type => supervisor}.
worker(Name) -> #{id => Name, start => {Name, start_link, []}, shutdown => 2000}.
