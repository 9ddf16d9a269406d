ExUnit.start(seed: 0, colors: [enabled: false], max_cases: 1)

defmodule MathTest do
  use ExUnit.Case, async: false
  setup do
    {:ok, n: 5}
  end
  setup_all do
    on_exit(fn -> :ok end)
    :ok
  end
  describe "sums" do
    test "add", %{n: n} do
      assert n + 1 == 6
    end
    test "fails" do
      assert Enum.sum([1, 2]) == 4
    end
    test "diff of text" do
      assert "hello world" == "hello wörld"
    end
    test "match" do
      assert {:ok, %{a: _}} = {:ok, %{b: 1}}
    end
  end
  @tag :skip
  test "skipped", do: flunk("never")
  test "raises" do
    assert_raise ArgumentError, "no", fn -> raise ArgumentError, "no" end
    raise "in a test"
  end
  test "messages" do
    send(self(), {:hello, 1})
    assert_receive {:hello, n} when n > 0
    refute_received :other
    assert_in_delta 1.0, 1.1, 0.2
  end
  test "exits", do: exit(:because)
  test "linked" do
    spawn_link(fn -> exit(:from_link) end)
    Process.sleep(:infinity)
  end
  import ExUnit.CaptureIO
  test "capture", do: assert(capture_io(fn -> IO.puts("x") end) == "x\n")
end
