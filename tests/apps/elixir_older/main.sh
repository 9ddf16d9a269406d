# Elixir 1.14, whose modules the compiler of OTP 24 made: scripts, and a project with mix. OTP 29 no longer loads such modules.
[ "$RELEASE" -le 27 ] || exit 0
PATH=/mnt/elixir-1.14/bin:$PATH MIX_ENV=test
export PATH MIX_ENV
elixir --short-version
elixir -e 'IO.inspect({String.upcase("straße"), for(<<c <- "abc">>, do: c + 1), Regex.scan(~r/(\w)(\d+)/u, "a1 ü22"), inspect(<<1::3>>)})'
elixir -e 'raise "oops"' || echo "exit $?"
elixir -e '<<1, (Process.get(:none))::binary>>' || echo "exit $?"
mix new demo --sup
cd demo
cat ../queue.ex >lib/queue.ex
cat ../queue_test.exs >test/queue_test.exs
mix compile
mix test --seed 0 --trace || echo "exit $?"
mix run -e 'Demo.Queue.start_link([]); Demo.Queue.put("ä"); IO.inspect(Demo.Queue.take())'
mix xref graph
