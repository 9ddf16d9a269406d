%% SPDX-License-Identifier: Apache-2.0
%% Compiles the sources named after -extra with OTP's compiler into the folder named first; prints how many, and the seconds of CPU it took.
-module(compile_otp).
-export([main/0]).

main() ->
    [Out | Files] = init:get_plain_arguments(),
    Includes = [{i, filename:join(App, Sub)} || App <- ["kernel", "stdlib", "compiler"], Sub <- ["include", "src"]],
    Results = [compile:file(F, [deterministic, return, {outdir, Out} | Includes]) || F <- Files],
    Good = length([ok || R <- Results, element(1, R) =:= ok]),
    io:format("~w of ~w compiled~n", [Good, length(Files)]),
    halt(0).
