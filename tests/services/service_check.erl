%% SPDX-License-Identifier: Apache-2.0
%% Uses the sample and gives values that are the same in each run.
-module(service_check).
-export([erlang/0, crashes/0, gleam/0, gleam_crashes/0]).

erlang() ->
    {ok, Top} = shop:start(),
    Demo = shop:demo(),
    wait(fun() -> supervisor:which_children(shop_courier_sup) =:= [] end, 3000),
    Tree = tree(Top),
    shop:close(),
    ok = shop:stop(),
    {Demo, Tree, [whereis(N) || N <- [shop_sup, shop_desk, shop_till, shop_stock]]}.

%% After each kind of crash, which of the named processes are others than before.
crashes() ->
    {ok, _} = shop:start(),
    shop:open(),
    Names = [shop_stock_sup, shop_catalog, shop_stock, shop_till, shop_order_sup, shop_courier_sup, shop_desk],
    Result = [begin
                  Before = [{N, whereis(N)} || N <- Names],
                  shop:crash(Kind),
                  Expected = expected(Kind),
                  wait(fun() -> changed(Before) =:= Expected end, 3000),
                  {Kind, changed(Before)}
              end || Kind <- [badmatch, error, exit, throw, kill, catalog, till, spawned, linked_pair]],
    shop:crash(courier),
    wait(fun() -> element(5, shop:summary()) =:= 1 end, 3000),
    {Result, shop:summary(), shop:stop()}.

expected(catalog) -> [shop_catalog, shop_stock];
expected(till) -> [shop_till];
expected(K) when K =:= spawned; K =:= linked_pair -> [];
expected(_) -> [shop_stock].

changed(Before) -> [N || {N, P} <- Before, begin Q = whereis(N), Q =/= P andalso is_pid(Q) end].

wait(_, 0) -> timeout;
wait(F, N) -> case F() of true -> ok; false -> receive after 1 -> wait(F, N - 1) end end.

tree(Sup) ->
    lists:sort([case Type of
                    supervisor -> {Id, tree(Pid)};
                    worker -> {Id, is_process_alive(Pid)}
                end || {Id, Pid, Type, _} <- supervisor:which_children(Sup), is_pid(Pid)]).

gleam() -> shop_gleam:demo().

gleam_crashes() ->
    {ok, Sup} = shop_gleam:start(),
    process_flag(trap_exit, true),
    [begin
         Name = binary_to_atom(<<"gleam_", Id/binary>>),
         Old = whereis(Name),
         Answer = try shop_gleam:ask(Sup, Id, Message) of
                      Value -> Value
                  catch exit:{{Why, _}, {gen_server, call, _}} -> {died, Why};
                        exit:{Why, {gen_server, call, _}} -> {died, Why}
                  end,
         wait(fun() -> case whereis(Name) of New when is_pid(New), New =/= Old -> true; _ -> false end end,
              case Message of leave -> 3000; {put, _, _} -> 1; total -> 1; _ -> 3000 end),
         {Id, Message, Answer}
     end || {Id, Message} <- [{<<"ada">>, {put, <<"fig">>, 5}}, {<<"ada">>, total}, {<<"bob">>, cheapest}, {<<"bob">>, total},
                              {<<"eve">>, faint}, {<<"eve">>, dream}, {<<"ada">>, leave}, {<<"ada">>, total}]].
