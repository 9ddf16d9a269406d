%% SPDX-License-Identifier: Apache-2.0
%% What test_pressure.c runs in namespaces whose memory is short, or that meet another of their limits.
-module(pressure_target).
-export([nothing/0, litter/0, hold/1, holds/0, spawn_slowly/1, binaries_slowly/1, spread/1, own/1, ports/1, files/1, flood/2, deaf/0, slow/1, modules/1, send_all/2]).

nothing() -> ok.

%% Much garbage that is old already, then little work now and then: nothing that would make it collect by itself.
litter() ->
    _ = build(500000, []),
    erlang:garbage_collect(),
    idle_work().

idle_work() ->
    receive stop -> ok after 5 -> idle_work() end.

build(0, L) -> L;
build(N, L) -> build(N - 1, [{N} | L]).

hold(N) ->
    L = build(N, []),
    register(holder, self()),
    receive stop -> length(L) end.

%% Waits until hold/1 has all of it.
holds() ->
    whereis(holder) =/= undefined orelse begin erlang:yield(), holds() end.

%% Milliseconds that it took.
spawn_slowly(N) -> timed(fun() -> repeat(N, fun() -> spawn(fun() -> ok end) end) end).

binaries_slowly(N) -> timed(fun() -> repeat(N, fun() -> byte_size(zeros(100000)), erlang:yield() end) end).

zeros(N) -> <<0:(8 * N)>>.

repeat(0, _) -> ok;
repeat(N, Fun) -> Fun(), repeat(N - 1, Fun).

timed(Fun) ->
    Began = erlang:monotonic_time(millisecond),
    Fun(),
    erlang:monotonic_time(millisecond) - Began.

%% Memory that is not in any one process: each holds little.
spread(Bytes) ->
    [spawn(?MODULE, own, [Bytes div 16]) || _ <- [1]],
    spread(Bytes).

own(Cells) ->
    L = build(Cells div 4, []),
    receive stop -> length(L) end.

ports(Max) -> until_limit(Max, fun() -> open_port({spawn_executable, "/bin/cat"}, []) end, fun erlang:port_close/1).

files(Max) -> until_limit(Max, fun() -> {ok, Fd} = prim_file:open("/dev/null", [read]), Fd end, fun prim_file:close/1).

modules(Max) ->
    until_limit(Max, fun() ->
        Name = list_to_atom("made_" ++ integer_to_list(erlang:unique_integer([positive]))),
        {ok, Name, Code} = compile:forms([{attribute, 1, module, Name}]),
        Prepared = erlang:prepare_loading(Name, Code),
        case Prepared of
            {error, What} -> error(What);
            _ -> ok = erlang:finish_loading([Prepared]), Name
        end
    end, fun(_) -> ok end).

until_limit(Max, Make, Drop) -> until_limit(Max, Make, Drop, []).
until_limit(0, _, Drop, Made) -> lists:foreach(Drop, Made), {length(Made), none};
until_limit(N, Make, Drop, Made) ->
    try Make() of
        One -> until_limit(N - 1, Make, Drop, [One | Made])
    catch
        error:{badmatch, {error, Reason}} -> lists:foreach(Drop, Made), {length(Made), Reason};
        error:Reason -> lists:foreach(Drop, Made), {length(Made), Reason}
    end.

%% Messages to one who does not read: how many are there when all are sent.
flood(Pid, N) ->
    send_all(Pid, N),
    {message_queue_len, Length} = process_info(Pid, message_queue_len),
    Length.

send_all(_, 0) -> ok;
send_all(Pid, N) -> Pid ! N, send_all(Pid, N - 1).

deaf() -> receive stop -> ok end.

%% Reads one every few milliseconds, and tells how long the queue ever was.
slow(N) -> slow(N, 0).
slow(0, Longest) -> Longest;
slow(N, Longest) ->
    {message_queue_len, Length} = process_info(self(), message_queue_len),
    receive _ -> ok end,
    receive never -> ok after 1 -> slow(N - 1, max(Length, Longest)) end.
