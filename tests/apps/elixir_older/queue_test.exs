defmodule Demo.QueueTest do
  use ExUnit.Case
  doctest Demo.Queue

  test "first in, first out" do
    start_supervised!({Demo.Queue, [1]})
    Demo.Queue.put(2)
    assert [Demo.Queue.take(), Demo.Queue.take(), Demo.Queue.take()] == [{:ok, 1}, {:ok, 2}, :empty]
  end

  test "what does not fit" do
    assert_raise ArgumentError, fn -> Demo.Queue.pack([1]) end
  end

  test "a failure is shown" do
    assert Demo.Queue.pack(["äö", ""]) == <<1>>
  end
end
