// Prints as JSON how Xen Orchestra's client sees a pool: node xen_api.mjs URL TRANSPORT.

import { createClient } from 'xen-api'

const [url, transport] = process.argv.slice(2)
const xapi = createClient({ url, transport, debounce: 10 })
await xapi.connect()
await xapi.objectsFetched

const objects = Object.values(xapi.objects.all)
const machines = objects.filter(object => object.$type === 'VM' && !object.is_a_template && !object.is_control_domain)
const machine = machines.find(vm => vm.power_state === 'Halted')
const report = { objects: objects.length, machines: machines.length, pool: xapi.pool.name_label, states: [] }

const running = new Promise(resolve =>
  xapi.objects.on('update', changed => {
    const now = changed[machine.$id]
    if (now === undefined || now === report.states.at(-1)) return
    if (report.states.at(-1) !== now.power_state) report.states.push(now.power_state)
    if (now.power_state === 'Running') resolve()
  })
)
await xapi.callAsync('VM.start', machine.$ref, false, false)
await running

const template = objects.find(object => object.$type === 'VM' && object.name_label === 'Debian 12 with a disk')
const clone = await xapi.barrier(await xapi.callAsync('VM.clone', template.$ref, 'a clone'))
report.clone = { name: clone.name_label, disks: clone.$VBDs.length, pool: clone.$pool.name_label }

try {
  await xapi.callAsync('VM.start', machine.$ref, false, false)
} catch (error) {
  report.refused = [error.code, ...error.params.slice(1)]
}

await xapi.setFieldEntry('VM', machine.$ref, 'other_config', 'key', 'value')
report.otherConfig = (await xapi.barrier(machine.$ref)).other_config.key
report.tasks = xapi._nTasks
await xapi.disconnect()
console.log(JSON.stringify(report))
