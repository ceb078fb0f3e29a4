#!/usr/bin/env bash
# Bring Weir to a Kubernetes cluster, or back to the release before: see `deploy.sh --help`.
set -euo pipefail

usage() {
  cat <<'TEXT'
deploy.sh [OPTION…] OVERLAY    OVERLAY: dev, production, or a folder with a kustomization.yaml

  --dry-run        render, let the cluster check it, show what would change; change nothing
  --rollback       go back to the revision before the present one, settings and all; twice is forward again
  --context NAME   of kubectl's configuration; default: the present one
  --timeout TIME   for each workload to be ready (300s)

The same again changes nothing and ends well. Ends with 1 where the cluster refuses or a workload does not become ready
(nothing is taken back by itself: the old pods go on until new ones are ready), with 2 where it was called wrongly.
TEXT
}

refuse() {
  echo "deploy.sh: $1" >&2
  exit "${2:-2}"
}

dry_run='' rollback='' overlay='' timeout=300s
kubectl=(kubectl)
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=yes ;;
    --rollback) rollback=yes ;;
    --context | --timeout)
      [ $# -gt 1 ] || refuse "$1 needs a value"
      if [ "$1" = --context ]; then kubectl+=(--context "$2"); else timeout=$2; fi
      shift
      ;;
    -h | --help) usage && exit 0 ;;
    -*) refuse "there is no option $1; see --help" ;;
    *)
      [ -z "$overlay" ] || refuse "one overlay at a time, not $overlay and $1"
      overlay=$1
      ;;
  esac
  shift
done
[ -n "$overlay" ] || refuse "which overlay? see --help"
[ -z "$dry_run" ] || [ -z "$rollback" ] || refuse "--dry-run and --rollback exclude each other"
command -v kubectl >/dev/null || refuse "kubectl is not installed"

overlays=$(cd "$(dirname "$0")/../kubernetes/overlays" && pwd)
if [ -f "$overlays/$overlay/kustomization.yaml" ]; then overlay=$overlays/$overlay; fi
[ -f "$overlay/kustomization.yaml" ] || refuse "there is no overlay $overlay; there are: $(cd "$overlays" && echo *)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kubectl kustomize "$overlay" >"$work/manifests.yaml" || refuse "$overlay can't be rendered" 1
"${kubectl[@]}" version >/dev/null 2>"$work/error" || refuse "the cluster does not answer: $(tail -n 1 "$work/error")" 1

# Names of the objects of a kind, as KIND/NAME, and the namespace they are in.
named() { awk -v kind="$1" '/^---$/ {k = ""} $1 == "kind:" && !/^ / {k = $2} /^  name: / && k == kind {print k "/" $2; k = ""}' "$work/manifests.yaml"; }
namespace=$(awk '/^  namespace: / {print $2; exit}' "$work/manifests.yaml")
mapfile -t workloads < <(named StatefulSet && named Deployment)
mapfile -t jobs < <(named Job)
in_namespace=("${kubectl[@]}" --namespace "$namespace")

# Everything that pods take from secrets must be there: a pod that waits for one says so only in its events.
require_secrets() {
  local missing=()
  while read -r secret; do
    "${in_namespace[@]}" get secret "$secret" >/dev/null 2>&1 || missing+=("$secret")
  done < <(awk '/secretName:/ {print $2} /secretKeyRef:/ {ref = 1} ref && / name:/ {print $2; ref = 0}' "$work/manifests.yaml" | sort -u)
  [ ${#missing[@]} -eq 0 ] || refuse "namespace $namespace lacks the secrets: ${missing[*]} (docs/operations.md, Kubernetes)" 1
}

wait_for() {
  for workload in "${workloads[@]}"; do
    if ! "${in_namespace[@]}" rollout status "$workload" --timeout "$timeout"; then
      "${in_namespace[@]}" get pods -l app.kubernetes.io/part-of=weir >&2 || true
      refuse "$workload is not ready after $timeout; what its pods say: kubectl -n $namespace logs $workload; back: deploy.sh --rollback" 1
    fi
  done
}

if [ -n "$rollback" ]; then
  for workload in "${workloads[@]}"; do
    revisions=$("${in_namespace[@]}" rollout history "$workload" | grep -cE '^[0-9]+' || true)
    if [ "$revisions" -lt 2 ]; then
      echo "$workload: there is no revision before"
    else
      "${in_namespace[@]}" rollout undo "$workload"
    fi
  done
  wait_for
  echo "back at the revision before; the files here still say the other one: mend them before you deploy again"
  exit 0
fi

if [ -n "$dry_run" ]; then
  if "${kubectl[@]}" get namespace "$namespace" >/dev/null 2>&1; then
    require_secrets
    "${kubectl[@]}" apply --dry-run=server -f "$work/manifests.yaml"
    "${kubectl[@]}" diff -f "$work/manifests.yaml" || [ $? -eq 1 ] || refuse "the cluster can't compare" 1
  else
    echo "namespace $namespace is new: all of this would be made"
    "${kubectl[@]}" apply --dry-run=client -f "$work/manifests.yaml"
  fi
  exit 0
fi

"${kubectl[@]}" get namespace "$namespace" >/dev/null 2>&1 || "${kubectl[@]}" create namespace "$namespace"
require_secrets
for job in "${jobs[@]}"; do # the template of a job can't be changed
  "${in_namespace[@]}" delete "$job" --ignore-not-found
done
"${kubectl[@]}" apply -f "$work/manifests.yaml" || refuse "the cluster refused; what it took before that stands" 1
for job in "${jobs[@]}"; do
  "${in_namespace[@]}" wait "$job" --for=condition=complete --timeout "$timeout" ||
    refuse "$job did not end well; why: kubectl -n $namespace logs $job" 1
done
wait_for
echo "$(basename "$overlay") is up in namespace $namespace"
