%% SPDX-License-Identifier: Apache-2.0
%% The Erlang half of the sample: a shop of the usual OTP shape.
%%
%%   shop_sup                     one_for_one
%%     shop_stock_sup             rest_for_one
%%       shop_catalog             gen_server, owns an ETS table of prices
%%       shop_stock               gen_server, monitors the catalog
%%     shop_till                  gen_statem: closed, open, counting
%%     shop_order_sup             simple_one_for_one, temporary workers
%%       shop_order               gen_statem, one an order; linked to its courier
%%     shop_courier_sup           simple_one_for_one, transient workers
%%       shop_courier             gen_server
%%     shop_desk                  gen_server that takes orders and monitors them
%%
%% start/0 needs nothing of OTP's kernel application: it starts the top supervisor, as application_controller would.
-module(shop).
-export([start/0, stop/0, main/0, order/2, pay/1, deliver/1, state/1, orders/0, open/0, close/0, summary/0, restock/2, demo/0, crash/1]).

%% Starts the tree, linked to nobody.
start() ->
    case shop_sup:start_link() of
        {ok, Pid} -> unlink(Pid), {ok, Pid};
        Error -> Error
    end.

stop() ->
    case whereis(shop_sup) of
        undefined -> ok;
        Pid ->
            Ref = monitor(process, Pid),
            exit(Pid, shutdown),
            receive {'DOWN', Ref, process, Pid, _} -> ok end
    end.

%% Starts the tree and lives as long as it does: what is spawned to run the sample as a service.
main() ->
    process_flag(trap_exit, true),
    {ok, Pid} = shop_sup:start_link(),
    main(Pid).

main(Pid) ->
    receive
        {'EXIT', Pid, Reason} -> exit(Reason);
        {'EXIT', _, Reason} -> exit(Pid, Reason), main(Pid);
        _ -> main(Pid)
    end.

open() -> shop_till:open().
close() -> shop_till:close().
order(Item, Count) -> shop_desk:order(Item, Count).
pay(Id) -> shop_desk:pay(Id).
deliver(Id) -> shop_desk:deliver(Id).
state(Id) -> shop_desk:state(Id).
orders() -> shop_desk:orders().
restock(Item, Count) -> shop_stock:put(Item, Count).

%% {Till, Money, Stock, Open orders, Lost orders}.
summary() ->
    {State, Money} = shop_till:look(),
    {Open, Lost} = shop_desk:count(),
    {State, Money, shop_stock:all(), Open, Lost}.

%% Uses the shop once; the same answer each time after a start.
demo() ->
    open(),
    {ok, A} = order(apple, 3),
    {ok, B} = order(pear, 2),
    {error, {sold_out, plum}} = order(plum, 1),
    {error, {unknown, stone}} = order(stone, 1),
    ok = pay(A),
    ok = deliver(A),
    wait_delivered(A),
    {A, B, state(B), summary()}.

wait_delivered(Id) ->
    case lists:member(Id, orders()) of
        false -> ok;
        true -> receive after 1 -> wait_delivered(Id) end
    end.

%% Makes something die, by kind: the ways a crash entry has to tell apart.
crash(badmatch) -> gen_server:cast(shop_stock, {crash, badmatch});
crash(error) -> gen_server:cast(shop_stock, {crash, error});
crash(exit) -> gen_server:cast(shop_stock, {crash, exit});
crash(throw) -> gen_server:cast(shop_stock, {crash, throw});
crash(kill) -> exit(whereis(shop_stock), kill);
crash(catalog) -> gen_server:cast(shop_catalog, crash);
crash(till) -> gen_statem:cast(shop_till, crash);
crash(courier) -> shop_desk:crash_courier();
crash(spawned) -> spawn(fun() -> error(a_bare_process) end), ok;
crash(linked_pair) -> spawn(fun() -> spawn_link(fun() -> error(first_of_the_pair) end), receive never -> ok end end), ok.
