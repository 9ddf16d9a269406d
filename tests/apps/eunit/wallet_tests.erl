%% SPDX-License-Identifier: Apache-2.0
%% Fixtures: a process that is set up and cleaned up around tests.
-module(wallet_tests).
-include_lib("eunit/include/eunit.hrl").

server_test_() ->
    {foreach,
     fun() -> {ok, Pid} = gen_event:start_link(), Pid end,
     fun(Pid) -> gen_event:stop(Pid), ?assertNot(is_process_alive(Pid)) end,
     [fun(Pid) -> ?_assertEqual([], gen_event:which_handlers(Pid)) end,
      fun(Pid) -> {"alive", ?_assert(is_process_alive(Pid))} end,
      {with, [fun(Pid) -> ?assert(is_pid(Pid)) end]}]}.

setup_test_() ->
    {setup, spawn, fun() -> ets:new(t, [public]) end, fun ets:delete/1,
     fun(T) -> {inorder, [?_assert(ets:insert(T, {1, 2})), ?_assertEqual([{1, 2}], ets:lookup(T, 1))]} end}.

output_test() -> io:format("this is captured ~p~n", [self() =:= self()]).
