"""Lines that clients log without any code or exception, and that mean something is wrong all the same."""

from kafka_producer_exporter.errorcodes.entry import Entry, Kind
from kafka_producer_exporter.languages import Text

SYMPTOMS = (
    Entry(
        name="idempotence disabled",
        message=r"Idempotence will be disabled because (?:.+)",
        kind=Kind.CONFIGURATION,
        meaning=Text(
            "Another setting of the producer (acks, retries or max.in.flight.requests.per.connection) silently "
            "switched idempotence off. Retries can then duplicate and reorder records, and acks below all can lose "
            "them.",
            "프로듀서의 다른 설정(acks, retries, max.in.flight.requests.per.connection)이 멱등성을 조용히 껐습니다. "
            "재시도로 레코드가 중복되거나 순서가 바뀔 수 있고, acks가 all보다 낮으면 잃을 수도 있습니다.",
        ),
        next_step=Text(
            "Set enable.idempotence=true explicitly, with acks=all, retries above 0 and at most 5 requests in flight: "
            "then a contradiction is an error when the producer starts.",
            "enable.idempotence=true를 명시하고 acks=all, retries는 0보다 크게, 전송 중 요청은 5 이하로 두십시오. "
            "그러면 모순된 설정은 프로듀서가 시작할 때 오류가 됩니다.",
        ),
        alerts=("KafkaProducerHighRetryRatio",),
    ),
    Entry(
        name="connection not established",
        message=r"Connection to node \S{1,20} \(.{0,300}\) could not be established",
        kind=Kind.RETRIABLE,
        meaning=Text(
            "The broker did not accept the connection: it is down, the port is wrong, or a firewall rejects it. Node "
            "-1, -2, … are entries of bootstrap.servers.",
            "브로커가 연결을 받지 않았습니다. 브로커가 내려갔거나, 포트가 틀렸거나, 방화벽이 막습니다. 노드 -1, -2 "
            "등은 bootstrap.servers의 항목입니다.",
        ),
        next_step=Text(
            "Try the address from the container of the application: kafka-broker-api-versions.sh --bootstrap-server "
            "HOST:PORT. If only advertised addresses fail, correct advertised.listeners of the brokers.",
            "애플리케이션 컨테이너에서 주소를 시험하십시오: kafka-broker-api-versions.sh --bootstrap-server "
            "HOST:PORT. 광고된 주소만 실패하면 브로커의 advertised.listeners를 고치십시오.",
        ),
        alerts=("KafkaProducerNotConnected", "KafkaBootstrapServerDown", "KafkaProducerDeliveryStalled"),
    ),
    Entry(
        name="bootstrap server disconnected",
        message=r"Bootstrap broker \S{1,300} \(id: .{0,60}\) disconnected",
        kind=Kind.RETRIABLE,
        meaning=Text(
            "The connection to an entry of bootstrap.servers ended before the client knew the cluster. If nothing "
            "else is found, the listener usually expects another security.protocol; otherwise it follows from the "
            "other error.",
            "클라이언트가 클러스터를 알기 전에 bootstrap.servers 항목과의 연결이 끝났습니다. 다른 오류가 없으면 대개 "
            "리스너가 다른 security.protocol을 기대하는 것이고, 있으면 그 오류의 결과입니다.",
        ),
        next_step=Text(
            "Compare security.protocol with that of the listener whose port is in bootstrap.servers.",
            "security.protocol을 bootstrap.servers 포트의 리스너 프로토콜과 비교하십시오.",
        ),
        alerts=("KafkaProducerNotConnected", "KafkaBootstrapServerDown", "KafkaProducerConnectionChurn"),
    ),
    Entry(
        name="disconnected during authentication",
        message=r"Connection to node \S{1,20} \(.{0,300}\) terminated during authentication",
        kind=Kind.RETRIABLE,
        meaning=Text(
            "The other side closed the connection before the login was finished. Often security.protocol does not "
            "match the listener, or a firewall blocks TLS.",
            "로그인이 끝나기 전에 상대가 연결을 닫았습니다. security.protocol이 리스너와 맞지 않거나 방화벽이 TLS를 "
            "막는 경우가 많습니다.",
        ),
        next_step=Text(
            "Compare security.protocol with that of the listener whose port is in bootstrap.servers.",
            "security.protocol을 bootstrap.servers 포트의 리스너 프로토콜과 비교하십시오.",
        ),
        alerts=("KafkaProducerNotConnected", "KafkaProducerAuthenticationFailures", "KafkaProducerConnectionChurn"),
    ),
    Entry(
        name="request timeout",
        message=r"Disconnecting from node \S{1,20} due to (?:request|socket connection setup) timeout",
        kind=Kind.RETRIABLE,
        meaning=Text(
            "The broker did not answer within request.timeout.ms (or did not accept the connection within "
            "socket.connection.setup.timeout.ms), so the client closed the connection.",
            "브로커가 request.timeout.ms 안에 응답하지 않아(또는 socket.connection.setup.timeout.ms 안에 연결을 받지 "
            "않아) 클라이언트가 연결을 닫았습니다.",
        ),
        next_step=Text(
            "Look for a broker that hangs or is overloaded, and for a network that swallows packets.",
            "멈추거나 과부하된 브로커, 패킷을 삼키는 네트워크를 찾으십시오.",
        ),
        alerts=("KafkaProducerDeliveryStalled", "KafkaProducerConnectionChurn", "KafkaProducerHighRequestLatency"),
    ),
    Entry(
        name="bootstrap server not resolved",
        message=r"Couldn't resolve server \S{1,300} from|Failed to resolve bootstrap servers",
        kind=Kind.RETRIABLE,
        meaning=Text(
            "DNS does not know a host of bootstrap.servers. The client uses the others, if there are any.",
            "DNS가 bootstrap.servers의 호스트를 모릅니다. 다른 호스트가 있으면 클라이언트는 그것을 씁니다.",
        ),
        next_step=Text("Check the spelling, and DNS within the container.", "철자와 컨테이너 안의 DNS를 확인하십시오."),
        alerts=("KafkaBootstrapServerDown", "KafkaProducerNotConnected"),
    ),
    Entry(
        name="forced close",
        message=r"force close the producer since pending requests could not be completed",
        kind=Kind.OTHER,
        meaning=Text(
            "close() had too little time, so records that were still waiting are lost. The metrics do not count them.",
            "close()의 시간이 모자라 아직 기다리던 레코드를 잃었습니다. 메트릭에는 잡히지 않습니다.",
        ),
        next_step=Text(
            "Give close() more time than delivery.timeout.ms, and the pod a terminationGracePeriodSeconds that allows "
            "for it.",
            "close()에 delivery.timeout.ms보다 긴 시간을 주고, 파드의 terminationGracePeriodSeconds도 그에 맞추십시오.",
        ),
        alerts=("KafkaProducerTargetDown",),
    ),
    Entry(
        name="duplicate client.id",
        message=r"App info: \[kafka\.producer\], id: \[.{0,250}\] already exists",
        kind=Kind.CONFIGURATION,
        meaning=Text(
            "Two producers in one JVM have the same client.id, so they share their MBeans: the metrics are those of "
            "the one that registered last, and closing one hides the other.",
            "한 JVM의 두 프로듀서가 client.id가 같아 MBean을 공유합니다. 메트릭은 마지막에 등록한 쪽의 것이고, 하나를 "
            "닫으면 다른 하나도 보이지 않게 됩니다.",
        ),
        next_step=Text(
            "Give each producer a client.id of its own. Sending works all the same.",
            "프로듀서마다 다른 client.id를 주십시오. 전송 자체는 됩니다.",
        ),
        alerts=("KafkaProducerDuplicateClientId", "KafkaProducerHidden"),
    ),
)
