import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;

/**
 * A thousand requests on their way at once, then as many as fit while the leader dies: answers come in the order of
 * the requests, a read sees the writes in front of it, and what was acknowledged is there afterwards.
 */
final class Pipeline {
  private final List<Integer> order = new ArrayList<>();
  private final List<String> wrong = new ArrayList<>();
  private final Map<String, Integer> acknowledged = new HashMap<>();

  public static void main(String[] args) {
    Harness.run(() -> {
      Pipeline calm = new Pipeline();
      ZooKeeper client = Harness.connect(args[0]);
      client.create("/pipe", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      CountDownLatch left = new CountDownLatch(1000);
      for (int i = 0; i < 1000; i++) calm.send(client, "/pipe/calm-", i, left);
      left.await(20, TimeUnit.SECONDS);
      Harness.say("calm", "answers", calm.order.size(), "inOrder", calm.inOrder(), "wrong", calm.wrong,
          "acknowledged", calm.acknowledged.size());

      Pipeline storm = new Pipeline();
      AtomicBoolean stop = new AtomicBoolean();
      AtomicInteger sent = new AtomicInteger();
      Harness.Workers sender = new Harness.Workers(1, number -> {
        while (!stop.get()) {
          CountDownLatch batch = new CountDownLatch(100);
          for (int i = 0; i < 100; i++) storm.send(client, "/pipe/storm-", sent.getAndIncrement(), batch);
          batch.await();
        }
      });
      Harness.until("the storm to be under way", () -> storm.acknowledgedCount() >= 100);
      Harness.killTheLeader();
      int atKill = storm.acknowledgedCount();
      Harness.until("acknowledgements after the kill", () -> storm.acknowledgedCount() >= atKill + 100);
      stop.set(true);
      sender.join();
      Harness.waitForGo("bring it back");
      List<String> lost = new ArrayList<>();
      for (String host : args[0].split(",")) lost.addAll(storm.lostAt(host));
      Harness.say("storm", "inOrder", storm.inOrder() && storm.order.size() == sent.get(), "wrong", storm.wrong,
          "acknowledged", storm.acknowledgedCount(), "lost", lost);
      client.close();
    });
  }

  /** Every third is a create, the next a change of that node, the next a read, which must see the change. */
  private synchronized void send(ZooKeeper client, String prefix, int number, CountDownLatch left) {
    String path = prefix + number / 3;
    byte[] data = ("changed by " + number).getBytes();
    switch (number % 3) {
      case 0 -> client.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT,
          (rc, where, context, name) -> answered(number, rc, where, null, left), null);
      case 1 -> client.setData(path, data, 0,
          (rc, where, context, stat) -> answered(number, rc, where, null, left), null);
      default -> client.getData(path, false,
          (rc, where, context, found, stat) -> answered(number, rc, where, found, left), null);
    }
  }

  private synchronized void answered(int number, int rc, String path, byte[] found, CountDownLatch left) {
    order.add(number);
    Code code = Code.get(rc);
    // After a lost answer the next requests find the node missing or there: only other errors are wrong.
    if (code == Code.OK && number % 3 < 2) acknowledged.put(path, number);
    else if (code != Code.OK && code != Code.CONNECTIONLOSS && code != Code.NONODE && code != Code.NODEEXISTS) {
      wrong.add(number + " " + code);
    }
    if (found != null && acknowledged.getOrDefault(path, -1) == number - 1
        && !new String(found).equals("changed by " + (number - 1))) wrong.add(number + " read " + new String(found));
    left.countDown();
  }

  private synchronized boolean inOrder() {
    for (int i = 0; i < order.size(); i++) if (order.get(i) != i) return false;
    return true;
  }

  private synchronized int acknowledgedCount() {
    return acknowledged.size();
  }

  private List<String> lostAt(String host) throws Exception {
    ZooKeeper reader = Harness.connect(host);
    Harness.sync(reader);
    List<String> lost = new ArrayList<>();
    CountDownLatch left = new CountDownLatch(acknowledged.size());
    acknowledged.forEach((path, number) -> reader.getData(path, false, (rc, where, context, data, stat) -> {
      boolean created = rc == 0;
      boolean right = created && (number % 3 == 0 || new String(data).equals("changed by " + number));
      if (!right) lost.add(host + " " + path + " " + Code.get(rc));
      left.countDown();
    }, null));
    left.await();
    reader.close();
    return lost;
  }
}
