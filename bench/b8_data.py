"""The data of B8: manifests as people write them, scalars that dialects read differently, strings that need quotes."""

from __future__ import annotations

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{n}
  namespace: team-{m}
  labels:
    app.kubernetes.io/name: web-{n}
    app.kubernetes.io/part-of: shop
  annotations:
    checksum/config: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a{n:02}"
    description: Serves the shop front; see https://wiki.example.org/shop#front for its owners
spec:
  replicas: {m}
  strategy:
    type: RollingUpdate
    rollingUpdate: {{maxSurge: 25%, maxUnavailable: 0}}
  selector:
    matchLabels:
      app.kubernetes.io/name: web-{n}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: web-{n}
    spec:
      serviceAccountName: web
      # the probe needs a moment
      containers:
        - name: web
          image: registry.example.org/shop/web:1.{m}.{n}
          args: ["--listen=:8080", "--verbose", '--name=its {n}']
          env:
            - name: LOG_LEVEL
              value: info
            - name: CACHE_SIZE
              value: "1000"
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
          ports:
            - containerPort: 8080
              name: http
          readinessProbe:
            httpGet:
              path: /healthz
              port: http
            initialDelaySeconds: 5
            timeoutSeconds: 2
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
            limits:
              memory: 256Mi
          securityContext:
            readOnlyRootFilesystem: true
            runAsNonRoot: true
            capabilities:
              drop: [ALL]
          volumeMounts:
            - name: config
              mountPath: /etc/web
      volumes:
        - name: config
          configMap:
            name: web-{n}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web-{n}
  namespace: team-{m}
spec:
  selector:
    app.kubernetes.io/name: web-{n}
  ports:
    - name: http
      port: 80
      targetPort: http
      protocol: TCP
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web-{n}
  namespace: team-{m}
data:
  application.yaml: |
    server:
      port: 8080
      host: web-{n}.team-{m}.svc
    features:
      checkout: true
      banner: "Welcome: {n}"
  nginx.conf: |-
    server {{
      listen 8080;
      location / {{ proxy_pass http://web-{n}; }}
    }}
"""
ODD = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: odd-{n}
data:
  enabled: yes
  mode: 0644
  since: 2024-01-01
"""


def manifests(size: int) -> str:
    """A stream of at least ``size`` characters: deployments, services and config maps, every thirtieth document an odd one."""
    documents: list[str] = []
    length = number = 0
    while length < size:
        forms = (DEPLOYMENT, SERVICE, CONFIG_MAP, ODD) if number % 10 == 0 else (DEPLOYMENT, SERVICE, CONFIG_MAP)
        for form in forms:
            documents.append(form.format(n=number, m=number % 17 + 1))
            length += len(documents[-1]) + 4
        number += 1
    return "---\n".join(documents)


# text -> (as sigs.k8s.io/yaml reads it, as kustomize does)
AMBIGUOUS: dict[str, tuple[object, object]] = {
    "y": (True, "y"),
    "Y": (True, "Y"),
    "yes": (True, "yes"),
    "Yes": (True, "Yes"),
    "n": (False, "n"),
    "N": (False, "N"),
    "no": (False, "no"),
    "No": (False, "No"),
    "on": (True, "on"),
    "On": (True, "On"),
    "ON": (True, "ON"),
    "off": (False, "off"),
    "Off": (False, "Off"),
    "OFF": (False, "OFF"),
    "true": (True, True),
    "True": (True, True),
    "TRUE": (True, True),
    "~": (None, None),
    "null": (None, None),
    "Null": (None, None),
    "0777": (511, 511),
    "0o777": (511, 511),
    "0b11": (3, 3),
    "0x1F": (31, 31),
    "1_000": (1000, 1000),
    "1:30": ("1:30", "1:30"),
    "12e03": (12000, 12000),
    "1e3": (1000, 1000),
    "1.0": (1, 1),
    ".5": (0.5, 0.5),
    "+1": (1, 1),
    "08": (8, 8),
    "-0": (0, 0),
    "2024-01-01": ("2024-01-01", "2024-01-01T00:00:00Z"),
    "2024-1-1T1:2:3.500+02:00": ("2024-1-1T1:2:3.500+02:00", "2024-01-01T01:02:03.5+02:00"),
    "18446744073709551615": (18446744073709551615, 18446744073709551615),
    "123456789012345678901234567890": (1.2345678901234568e29, 1.2345678901234568e29),
    "1.2.3": ("1.2.3", "1.2.3"),
    "0o-7": ("0o-7", -7),
    "<<": ("<<", "<<"),
}

# Strings that change their meaning, or break the document, when they stand without quotes.
QUOTED = (
    "",
    "y",
    "n",
    "Y",
    "N",
    "yes",
    "No",
    "on",
    "OFF",
    "true",
    "False",
    "null",
    "~",
    "Null",
    "0",
    "1",
    "-1",
    "+1",
    "0777",
    "0o17",
    "0b1",
    "0x1f",
    "1_000",
    "1e3",
    "1.5",
    ".5",
    "-.5",
    ".inf",
    "-.INF",
    ".nan",
    "12:30",
    "1:30:45",
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    "a: b",
    "a:",
    "a #b",
    "#a",
    "- a",
    "-",
    "? a",
    ": a",
    "&a",
    "*a",
    "!a",
    "|",
    "> a",
    "%a",
    "@a",
    "`a",
    "[a]",
    "{a}",
    ", a",
    "'a",
    '"a',
    " a",
    "a ",
    "---",
    "a\nb",
    "\ta",
    "\u00e9\U0001f600",
    "\x07",
)
