# `elixir -e` and what the command line of Elixir gives.
PATH=$PATH:/mnt/elixir/bin
try() { elixir "$@" && echo "exit 0" || echo "exit $?"; }
try --short-version
try -e 'IO.puts("hello " <> String.upcase("wörld")); IO.inspect({1 + 2, [a: 1], %{b: 2.5}, "bin", ~c"list", nil, 1..5})' \
	-e 'IO.inspect(Enum.map(1..5, &(&1 * &1)) |> Enum.sum())' -e 'IO.inspect(System.argv())' a "b c" --d
try -e 'IO.puts(:stderr, "to stderr")'
try -e 'raise "oops"'
try -e 'throw :ball'
try -e 'exit(:gone)'
try -e 'exit({:shutdown, 4})'
try -e 'System.halt(5)'
try -e 'System.stop(6); Process.sleep(:infinity)'
try -e 'x = 1 +'
try -e 'IO.puts(undefined_thing)'
try -e 'spawn_link(fn -> raise ArgumentError, "in another" end); Process.sleep(:infinity)'
try -e 'pid = spawn(fn -> exit(:quiet) end); r = Process.monitor(pid); receive do {:DOWN, ^r, _, _, why} -> IO.inspect(why) end'
printf 'one\ntwo\nthree' | try -e 'IO.stream(:stdio, :line) |> Enum.with_index(1) |> Enum.each(fn {l, i} -> IO.puts("#{i}: #{String.trim(l)}") end)'
printf 'name\n' | try -e 'IO.puts("hello, " <> String.trim(IO.gets("who? ")))'
