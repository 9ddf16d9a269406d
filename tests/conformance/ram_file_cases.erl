%% SPDX-License-Identifier: Apache-2.0
%% Files in memory (module ram_file), and what stands on them.
-module(ram_file_cases).
-export([ram_files/0, ram_options/0, ram_sizes/0, ram_ports/0, cooked_ram/0, ram_many/0, tar_of_binary/0]).
-import(conformance, [err/1]).

ram_files() ->
    {ok, F} = file:open("initial", [ram, read, write]),
    R = [file:read(F, 3), file:write(F, "XX"), file:position(F, 0), file:read(F, 100), file:pwrite(F, 20, "far"), file:pread(F, 5, 4), file:position(F, eof), file:truncate(F), ram_file:get_size(F), file:position(F, 3), file:truncate(F),
         ram_file:get_file(F), file:write(F, [1, 2]), file:sync(F), file:advise(F, 0, 1, normal), file:close(F)],
    {R, err(fun() -> file:read(F, 1) end)}.

ram_options() ->
    [begin
        case err(fun() -> file:open(D, [ram | M]) end) of
            {value, {ok, F}} -> R = {file:read(F, 2), file:write(F, "x"), file:close(F)}, {M, R};
            E -> {M, E}
        end
    end || {D, M} <- [{"abc\ndef", [read]}, {<<"abc">>, [binary, read]}, {"", [write]}, {<<"x">>, [read, write, binary]}, {foo, [read]}, {"abc", [append]}, {"abc", []}]].

ram_sizes() ->
    {ok, F} = ram_file:open(<<>>, [read, write, binary]),
    [ram_file:get_size(F), ram_file:pwrite(F, [{0, "abc"}, {100, "x"}]), ram_file:pread(F, [{0, 3}, {99, 5}, {200, 1}]), ram_file:position(F, {eof, -1}), ram_file:read(F, 5), ram_file:read(F, 5), ram_file:position(F, -1), ram_file:position(F, foo), ram_file:get_file(F), ram_file:allocate(F, 0, 10), ram_file:advise(F, 0, 1, foo), ram_file:close(F), ram_file:read(F, 1)].

tar_of_binary() ->
    case whereis(file_server_2) of
        undefined -> {ok, _} = file_server:start();
        _ -> ok
    end,
    Name = "/tmp/cases-" ++ os:getpid() ++ ".tar",
    ok = erl_tar:create(Name, [{"a", <<"text">>}, {"b", binary:copy(<<"much ">>, 10000)}]),
    {ok, B} = prim_file:read_file(Name),
    ok = prim_file:delete(Name),
    ok = erl_tar:create(Name, [{"a", <<"text">>}, {"b", binary:copy(<<"much ">>, 10000)}], [compressed]),
    {ok, C} = prim_file:read_file(Name),
    ok = prim_file:delete(Name),
    [[{N, erlang:crc32(X)} || {N, X} <- element(2, erl_tar:extract({binary, B}, [memory]))], [{N, erlang:crc32(X)} || {N, X} <- element(2, erl_tar:extract({binary, C}, [memory, compressed]))], erl_tar:table({binary, B})].

%% The port behind it, as any program sees it.
ram_ports() ->
    Port = erlang:open_port({spawn_driver, "ram_file_drv"}, [binary]),
    Send = fun(Bytes) -> true = erlang:port_command(Port, Bytes), receive {Port, {data, D}} -> D after 5000 -> none end end,
    R = [Send(<<1, 3:32, "initial">>), Send(<<2, 4:32>>), Send(<<30>>), Send(<<4, "XX">>), Send(<<3, -1:32, 0:32>>), Send(<<3, 0:32, 5:32>>), Send(<<37>>), Send(<<14>>), Send(<<18, 100:32>>), Send(<<2, 0:32>>), Send(<<2, -1:32>>)],
    {name, Name} = erlang:port_info(Port, name),
    {connected, Self} = erlang:port_info(Port, connected),
    {R, Name, Self =:= self(), erlang:port_info(Port, os_pid), erlang:port_close(Port), erlang:port_info(Port), err(fun() -> erlang:open_port({spawn_driver, "no_such_driver"}, []) end) =/= x}.

cooked_ram() ->
    {ok, F} = file:open("one\ntwo\n", [ram, read, write, binary]),
    [file:pread(F, [{0, 3}, {4, 3}]), file:pwrite(F, [{0, "ONE"}]), file:position(F, {eof, 0}), file:write(F, ["more", <<" of it">>]), file:position(F, bof), file:read(F, 100), file:copy(F, F) =/= x, file:datasync(F), file:allocate(F, 0, 10), file:close(F)].

ram_many() ->
    {ok, F} = file:open("", [ram, read, write]),
    [ok = file:write(F, lists:duplicate(100, $a + N rem 26)) || N <- lists:seq(1, 2000)],
    {ok, 0} = file:position(F, 0),
    {ok, All} = file:read(F, 300000),
    {length(All), erlang:crc32(All), file:close(F)}.
