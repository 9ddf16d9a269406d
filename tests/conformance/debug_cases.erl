%% SPDX-License-Identifier: Apache-2.0
%% What looks below values: kinds, sizes with sharing, what is off here as in an OTP that was built without it.
-module(debug_cases).
-export([term_types/0, shared_sizes/0, shared_deep/0, coverage/0, lock_counts/0, checks/0, displaying/0]).
-import(conformance, [id/1, err/1]).

term_types() ->
    [erts_internal:term_type(id(X)) || X <- [1, -1, 1 bsl 70, -(1 bsl 70), 1.5, [], [a], a, self(), make_ref(), {}, {a}, #{}, #{a => 1}, maps:from_list([{N, N} || N <- lists:seq(1, 40)]), fun lists:map/2]].

shared_sizes() ->
    L = id([a, b, c]), F = id(1) + 0.5,
    [erts_debug:size_shared(id(X)) || X <- [a, L, {L, L}, [L, L, L], [[L | L] | L], {F, F}, {L, {L, {L}}}, {{}, {}}]].

shared_deep() ->
    Deep = lists:foldl(fun(_, A) -> [A | A] end, id([x]), lists:seq(1, 60)),
    {erts_debug:size_shared(Deep), erts_debug:size_shared(lists:seq(1, id(100000)))}.

coverage() ->
    [err(F) || F <- [fun() -> code:get_coverage(line, foo) end, fun() -> code:get_coverage_mode() end, fun() -> code:get_coverage_mode(lists) end, fun() -> code:get_coverage_mode(no_such_module) end,
        fun() -> code:reset_coverage(lists) end, fun() -> code:set_coverage_mode(none) end, fun() -> code:set_coverage_mode(foo) end, fun() -> code:get_coverage(line, lists) end]].

lock_counts() -> [err(F) || F <- [fun() -> erts_debug:lcnt_collect() end, fun() -> erts_debug:lcnt_clear() end, fun() -> erts_debug:lcnt_control(mask) end, fun() -> erts_debug:lcnt_control(foo, 1) end]].

checks() -> [err(fun() -> erts_internal:system_check(id(X)) end) || X <- [schedulers, foo]].

%% The text goes where errors go.
displaying() ->
    {Pid, Ref} = spawn_monitor(fun() -> receive stop -> ok end end),
    A = [err(fun() -> erlang:process_display(id(P), T) end) || {P, T} <- [{self(), backtrace}, {Pid, backtrace}, {self(), foo}, {foo, backtrace}]],
    Pid ! stop,
    receive {'DOWN', Ref, process, Pid, normal} -> ok end,
    {A, err(fun() -> erlang:process_display(Pid, backtrace) end)}.
